"""The words a Stedi-shaped answer puts beside the codes of a 271, for the codes our payers use."""

BENEFITS = {
    "1": "Active Coverage",
    "5": "Active - Pending Investigation",
    "6": "Inactive",
    "A": "Co-Insurance",
    "B": "Co-Payment",
    "C": "Deductible",
    "CB": "Coverage Basis",
    "F": "Limitations",
    "G": "Out of Pocket (Stop Loss)",
    "I": "Non-Covered",
    "L": "Primary Care Provider",
    "R": "Other or Additional Payor",
    "U": "Contact Following Entity for Eligibility or Benefit Information",
}
SERVICE_TYPES = {
    "1": "Medical Care",
    "30": "Health Benefit Plan Coverage",
    "33": "Chiropractic",
    "35": "Dental Care",
    "47": "Hospital",
    "48": "Hospital - Inpatient",
    "50": "Hospital - Outpatient",
    "62": "MRI/CAT Scan",
    "73": "Diagnostic Medical",
    "86": "Emergency Services",
    "88": "Pharmacy",
    "98": "Professional (Physician) Visit - Office",
    "AL": "Vision (Optometry)",
    "MH": "Mental Health",
    "PT": "Physical Therapy",
    "UC": "Urgent Care",
}
COVERAGE_LEVELS = {"IND": "Individual", "FAM": "Family"}
INSURANCE_TYPES = {
    "PR": "Preferred Provider Organization (PPO)",
    "HM": "Health Maintenance Organization (HMO)",
    "EP": "Exclusive Provider Organization",
    "HN": "Health Maintenance Organization (HMO) - Medicare Risk",
    "MC": "Medicaid",
    "MB": "Medicare Part B",
}
TIMES = {"23": "Calendar Year", "27": "Visit", "29": "Remaining"}
QUANTITIES = {"VS": "Visits"}
YES_NO = {"Y": "Yes", "N": "No", "U": "Unknown", "W": "Not Applicable"}
ENTITIES = {"P3": "Primary Care Provider", "PRP": "Primary Payer", "VN": "Vendor"}
PLAN_DATES = {
    "291": "plan",
    "307": "eligibility",
    "346": "planBegin",
    "347": "planEnd",
    "356": "eligibilityBegin",
    "357": "eligibilityEnd",
}
RELATIONSHIPS = {"18": "Self", "01": "Spouse", "19": "Child", "G8": "Other Relationship"}

# AAA03 and AAA04.
REJECTIONS = {
    "42": "Unable to Respond at Current Time",
    "43": "Invalid/Missing Provider Identification",
    "57": "Invalid/Missing Date(s) of Service",
    "62": "Date of Service Not Within Allowable Inquiry Period",
    "63": "Date of Service in Future",
    "65": "Invalid/Missing Patient Name",
    "71": "Patient Birth Date Does Not Match That for the Patient on the Database",
    "72": "Invalid/Missing Subscriber/Insured ID",
    "73": "Invalid/Missing Subscriber/Insured Name",
    "75": "Subscriber/Insured Not Found",
    "77": "Subscriber Found, Patient Not Found",
    "79": "Invalid Participant Identification",
    "80": "No Response Received - Transaction Terminated",
}
FOLLOW_UPS = {
    "C": "Please Correct and Resubmit",
    "N": "Resubmission Not Allowed",
    "P": "Please Resubmit Original Transaction",
    "R": "Resubmission Allowed",
    "S": "Do Not Resubmit; Inquiry Initiated to a Third Party",
    "W": "Please Wait 30 Days and Resubmit",
    "X": "Please Wait 10 Days and Resubmit",
    "Y": "Do Not Resubmit; We Will Hold Your Request and Respond Again Shortly",
}
LOOPS = {"20": "2100A", "21": "2100B", "22": "2100C", "23": "2100D"}
