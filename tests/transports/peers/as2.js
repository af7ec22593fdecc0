// An AS2 partner made of libas2 (and its asn1js), on loopback. Told what to be by one JSON argument:
// {key, certificate, stranger: {key, certificate}, theirs, us, them}; prints its port, ends with its input.
//
// POST /as2?fault=…   takes a message; answers with its receipt, or keeps it where it is to come later
// GET  /received      what it took
// GET  /receipts      the receipts it keeps
// POST /compose       a message of its own: {content, id, sign, encrypt, receipt, later, algorithm}
// POST /receipt       reads a receipt: {headers, body}
// POST /later?status= takes a receipt that comes later; GET /later: those it took
'use strict'
const http = require('http')
const zlib = require('zlib')
const asn1js = require('asn1js')
const { AS2Composer, AS2Disposition, AS2EnvelopedData, AS2Parser, AS2SignedData } = require('libas2')

const config = JSON.parse(process.argv[2])
const received = []
const receipts = []
const late = []

// --- a part, as bytes: libas2's own parser reads text
function part (raw) {
  const end = raw.indexOf('\r\n\r\n')
  const head = raw.subarray(0, end).toString('latin1')
  const of = name => (new RegExp('^' + name + ': *(.*)$', 'im').exec(head) || ['', ''])[1].trim()
  const body = raw.subarray(end + 4)
  const isText = of('content-transfer-encoding').toLowerCase() === 'base64'
  return { raw, of, body: isText ? Buffer.from(body.toString('latin1'), 'base64') : body }
}

function parts (whole) {
  const boundary = /boundary="?([^";]+)"?/.exec(whole.of('content-type'))[1]
  const found = []
  let at = whole.body.indexOf('--' + boundary) + boundary.length + 4
  for (;;) {
    const next = whole.body.indexOf('\r\n--' + boundary, at)
    if (next < 0) return found
    found.push(part(whole.body.subarray(at, next)))
    at = next + boundary.length + 6
  }
}

function decompressed (data) {
  const info = asn1js.fromBER(new Uint8Array(data).buffer).result.valueBlock.value
  const encapsulated = info[1].valueBlock.value[0].valueBlock.value[2].valueBlock.value
  const octets = encapsulated[1].valueBlock.value[0].valueBlock.valueHex
  return zlib.inflateSync(Buffer.from(octets))
}

async function open (message) {
  const taken = { id: message.headers['message-id'], headers: message.headers, error: '' }
  let signed
  try {
    const enveloped = new AS2EnvelopedData(message.body, true)
    signed = part(await enveloped.decrypt(config.certificate, config.key))
  } catch (error) {
    return { ...taken, error: 'decryption-failed' }
  }
  const [content, signature] = parts(signed)
  const check = new AS2SignedData(content.raw, signature.body)
  if (!(await check.verify(config.theirs))) return { ...taken, error: 'authentication-failed' }
  const digest = check.getMessageDigest()
  const isPacked = content.of('content-type').includes('compressed-data')
  const inner = isPacked ? part(decompressed(content.body)) : content
  return {
    ...taken,
    mic: digest.digest.toString('base64'),
    algorithm: digest.algorithm.toLowerCase(),
    compressed: isPacked,
    file: inner.of('content-disposition'),
    content: inner.body.toString('base64')
  }
}

async function receipt (taken, fault) {
  const failure = fault.startsWith('error:') ? fault.slice(6) : taken.error
  const mic = fault === 'mic' ? Buffer.alloc(32).toString('base64') : taken.mic
  const disposition = new AS2Disposition({
    explanation: 'Received.',
    notification: {
      originalMessageId: fault === 'other' ? '<another@peer>' : taken.id,
      finalRecipient: config.us,
      disposition: {
        processed: true,
        type: 'automatic-action',
        description: failure ? { type: 'error', text: failure } : undefined
      },
      receivedContentMic: mic && !failure && fault !== 'no_mic' ? { mic, algorithm: taken.algorithm } : undefined
    }
  })
  const node = disposition.toMimeNode()
  const signer = fault === 'wrong_signer' ? config.stranger : config
  const signing = { cert: signer.certificate, key: signer.key, algorithm: 'sha-256' }
  const made = fault === 'unsigned' ? node : await node.sign(signing)
  made.setHeader([{ key: 'AS2-From', value: config.us }, { key: 'AS2-To', value: config.them }])
  made.messageId(true)
  return made.buildObject()
}

async function take (request, body, fault) {
  const taken = await open({ headers: request.headers, body })
  received.push(taken)
  if (fault === 'missing') return { status: 200, headers: {}, body: '' }
  if (/^\d+$/.test(fault)) return { status: Number(fault), headers: {}, body: '' }
  if (fault === 'hang') return undefined
  const made = await receipt(taken, fault)
  const url = request.headers['receipt-delivery-option']
  if (!url) return { status: 200, ...made }
  receipts.push({ url, ...made })
  return { status: 202, headers: {}, body: '' }
}

async function compose (wanted) {
  const mdn = wanted.receipt ? { async: Boolean(wanted.later), signing: 'sha-256' } : undefined
  const composer = new AS2Composer({
    message: { contentType: 'application/edi-x12', content: wanted.content, filename: 'answers.edi' },
    additionalHeaders: { 'Message-ID': wanted.id },
    agreement: {
      host: { name: 'peer', id: config.us, url: wanted.later || 'http://localhost', certificate: config.certificate, privateKey: config.key, decrypt: true, sign: wanted.sign === false ? false : 'sha-256', mdn },
      partner: { name: 'preflight', id: config.them, url: 'http://localhost', file: 'EDIX12', certificate: config.theirs, encrypt: wanted.encrypt === false ? false : wanted.algorithm || 'aes256-CBC', verify: true }
    }
  })
  const { headers, body } = await composer.toRequestOptions()
  return { headers, body }
}

async function read (given) {
  const head = Object.entries(given.headers).map(([key, value]) => key + ': ' + value + '\r\n').join('')
  const node = await AS2Parser.parse(head + '\r\n' + given.body)
  const isSigned = node.contentType.startsWith('multipart/signed')
  const said = await node.dispositionIn(isSigned ? { cert: config.theirs } : undefined)
  const { originalMessageId, disposition, receivedContentMic } = said.notification
  return { isSigned, id: originalMessageId, disposition, mic: receivedContentMic && receivedContentMic.mic }
}

const server = http.createServer((request, response) => {
  const chunks = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', async () => {
    const url = new URL(request.url, 'http://localhost')
    const body = Buffer.concat(chunks)
    const json = value => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value))
    try {
      if (request.method === 'HEAD') return response.writeHead(405).end()
      if (url.pathname === '/received') return json(received)
      if (url.pathname === '/receipts') return json(receipts)
      if (url.pathname === '/compose') return json(await compose(JSON.parse(body)))
      if (url.pathname === '/receipt') return json(await read(JSON.parse(body)))
      if (url.pathname === '/later' && request.method === 'GET') return json(late)
      if (url.pathname === '/later') {
        const status = Number(url.searchParams.get('status') || 200)
        if (status === 200) late.push(await read({ headers: request.headers, body: body.toString() }))
        return response.writeHead(status).end()
      }
      const answer = await take(request, body, url.searchParams.get('fault') || '')
      if (answer) response.writeHead(answer.status, answer.headers).end(answer.body)
    } catch (error) {
      console.error(error)
      response.writeHead(500).end()
    }
  })
})
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))
process.stdin.on('end', () => process.exit()).resume()
