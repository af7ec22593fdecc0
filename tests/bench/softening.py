"""A copy of the file for readers that refuse what the guide allows."""

import re


def soften(text: str) -> str:
    """The file with what the pydantic readers refuse, though the guide allows it, made to please them.

    An answer that ends at the payer goes; AAA03 becomes a code of the list they have at every level; EB09
    with EB10 goes; III, which they want in LS and LE, becomes MSG. So the number of segments stays.
    """
    heads = r"~ST\*(?:(?!~SE\*).)*?~HL\*1\*\*20\*0~.*?~SE\*[^~]*"
    text = re.sub(heads, "", text)
    text = re.sub(r"(~AAA\*[NY]\*\*)\d\d", r"\g<1>41", text)
    text = re.sub(r"(~EB(?:\*[^*~]*){8})\*VS\*[^*~]*", r"\1**", text)
    return text.replace("~III*ZZ*", "~MSG*PLACE OF SERVICE ")
