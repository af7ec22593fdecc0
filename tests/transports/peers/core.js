// A payer that speaks the envelopes of CAQH CORE vC2.2.0 as other people's libraries read and write them:
// /soap by `soap`, /mime read by `busboy` and written by node's own FormData.
//
// Its first argument is JSON: { tls: {key, cert, ca} or null, account: {username, password},
// errorCode, fault, payload }. It prints {"port"} and then one line for each request it understood.
"use strict";
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const path = require("node:path");
const busboy = require("busboy");
const soap = require("soap");

const told = JSON.parse(process.argv[2]);
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");

const answer = (asked) => ({
  PayloadType: told.errorCode === "Success" ? "X12_271_Response_005010X279A1" : "CoreEnvelopeError",
  ProcessingMode: "RealTime",
  PayloadID: asked.PayloadID,
  TimeStamp: new Date().toISOString(),
  SenderID: asked.ReceiverID,
  ReceiverID: asked.SenderID,
  CORERuleVersion: "2.2.0",
  ...(told.errorCode === "Success" ? { Payload: told.payload } : {}),
  ErrorCode: told.errorCode,
  ErrorMessage: "Words of the payer",
});

const isOurs = (username, password) =>
  username === told.account.username && password === told.account.password;

const mime = (request, response) => {
  const asked = {};
  request.pipe(
    busboy({ headers: request.headers })
      .on("field", (name, value) => (asked[name] = value))
      .on("close", async () => {
        say({ way: "mime", headers: request.headers, asked });
        const form = new FormData();
        const reply = answer(asked);
        if (!isOurs(asked.UserName, asked.Password)) {
          Object.assign(reply, { ErrorCode: "UnAuthorized", Payload: "" });
        }
        for (const [name, value] of Object.entries(reply)) form.append(name, value);
        const written = new Response(form);
        response.writeHead(200, { "Content-Type": written.headers.get("content-type") });
        response.end(Buffer.from(await written.arrayBuffer()));
      }),
  );
};

const web = (request, response) => {
  if (request.url === "/mime" && request.method === "POST") return mime(request, response);
  if (request.url === "/plain" && request.method === "POST") {
    say({ way: "plain", headers: request.headers });
    request.resume();
    response.writeHead(200, { "Content-Type": "application/edi-x12" });
    return response.end(told.payload);
  }
  response.writeHead(request.headers.authorization === "Bearer wrong" ? 401 : 405);
  return response.end();
};

const server = told.tls
  ? https.createServer({ ...told.tls, requestCert: Boolean(told.tls.ca) }, web)
  : http.createServer(web);
server.listen(0, "127.0.0.1", () => {
  const endpoint = soap.listen(server, {
    path: "/soap",
    forceSoap12Headers: true,
    suppressStack: true,
    xml: fs.readFileSync(path.join(__dirname, "core.wsdl"), "utf8"),
    services: {
      Core: {
        CorePort: {
          RealTimeTransaction: (asked, _callback, headers, request) => {
            if (told.fault) {
              throw { Fault: { Code: { Value: told.fault }, Reason: { Text: "Words of the payer" }, statusCode: 500 } };
            }
            say({ way: "soap", headers: request.headers, asked, security: headers.Security });
            return answer(asked);
          },
        },
      },
    },
  });
  endpoint.authenticate = (security) =>
    isOurs(security?.UsernameToken?.Username, security?.UsernameToken?.Password?.$value);
  say({ port: server.address().port });
});
process.stdin.resume().on("end", () => process.exit(0));
