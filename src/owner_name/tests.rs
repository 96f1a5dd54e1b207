//! One test per rule of the design and per pitfall that concerns names. All names are invented.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use proptest::prelude::*;

use super::{Flag, LineStyle, Style, parse, split_mailing};
use crate::model::party::{GovernmentLevel, PartyKind, PartyRole, UnknownReason};

fn kind(line: &str) -> PartyKind {
    parse(&[line], &Style::default()).kind
}

/// `SURNAME|GIVEN MIDDLE|SUFFIX` of the owners.
fn persons_in(line: &str, style: LineStyle) -> Vec<String> {
    parse(&[line], &Style::fixed(style))
        .parties
        .iter()
        .filter(|p| p.is_owner() && p.kind == PartyKind::Person)
        .map(|p| {
            let n = &p.person;
            format!("{}|{}|{}", n.surname, format!("{} {}", n.given, n.middle).trim(), n.suffix)
        })
        .collect()
}

#[test]
fn surname_words_before_a_comma_are_persons() {
    for line in [
        "CHURCH, TIM",
        "BANKS, ZOE",
        "TEMPLE, ANN B",
        "PARISH, ROY",
        "COUNTY, LEX",
        "CO, MINH",
        "LE, THI",
        "TRUST, ANN",
    ] {
        assert_eq!(kind(line), PartyKind::Person, "{line}");
    }
}

#[test]
fn life_estate_is_a_living_owner_and_an_estate_is_not() {
    let line = parse(&["PLINK, ORA B LIFE ESTATE"], &Style::default());
    assert_eq!(line.kind, PartyKind::Person);
    assert_eq!(line.parties[0].role, PartyRole::LifeTenant);
    assert!(line.flags.has(Flag::LifeEstate));
    assert_eq!(kind("ESTATE OF ORA PLINK"), PartyKind::Estate);
    assert_eq!(kind("PLINK, ORA ESTATE"), PartyKind::Estate);
    assert_eq!(kind("PLINK ORA HEIRS"), PartyKind::Estate);
    assert_eq!(kind("QUORN REAL ESTATE"), PartyKind::Company);
    assert_eq!(kind("QUORN REAL ESTATE INVESTME"), PartyKind::Company);
    assert_eq!(kind("PINE ESTATES LLC"), PartyKind::Company);
}

#[test]
fn public_trusts_and_agencies_are_government() {
    for line in ["TULSA AIRPORTS IMPROVEMENT TRUST", "TULSA PUBLIC FACILITIES AUTHORITY"] {
        assert_eq!(kind(line), PartyKind::Government(GovernmentLevel::Authority), "{line}");
    }
    for line in [
        "CITY OF PLINKTON",
        "IND SCHOOL DIST NO 9",
        "STATE OF OKLAHOMA EX REL COMMISSIONERS OF THE LAND OFFICE",
        "PHILADELPHIA HOUSING AUTH",
        "MUSCOGEE (CREEK) NATION",
        "CHEROKEE NATION",
        "BOARD OF REGENTS OF THE UNIVERSITY OF PLINK",
        "PLINK COUNTY",
    ] {
        assert!(matches!(kind(line), PartyKind::Government(_)), "{line}");
    }
    let land = parse(&["USA IN TRUST FOR THE CHEROKEE NATION"], &Style::default());
    assert!(land.flags.has(Flag::TrustLand));
    assert!(!matches!(kind("RUBY USA LLC"), PartyKind::Government(_)));
    assert_eq!(kind("PLINK COUNTY FARM BUREAU"), PartyKind::Association);
    assert_eq!(kind("TRUSTEES OF PLINK UNIVERSITY"), PartyKind::Association);
}

#[test]
fn trusts_trust_companies_and_custodians() {
    assert_eq!(kind("PLINK FAMILY TRUST"), PartyKind::Trust);
    assert_eq!(kind("PLINK, ORA TRUSTEE"), PartyKind::Trust);
    assert_eq!(kind("FIRST PLINK BANK & TRUST CO"), PartyKind::Company);
    let line = parse(&["EQUITY TRUST CO CUST FBO ORA PLINK IRA"], &Style::default());
    assert_eq!(line.kind, PartyKind::Company);
    assert_eq!(line.parties[0].role, PartyRole::Custodian);
    assert!(line.parties.iter().any(|p| p.role == PartyRole::Beneficiary));
}

#[test]
fn nobody_is_named() {
    assert_eq!(kind("  "), PartyKind::Unknown(UnknownReason::Blank));
    assert_eq!(kind("CONFIDENTIAL"), PartyKind::Unknown(UnknownReason::Withheld));
    assert_eq!(kind("OWNER UNKNOWN"), PartyKind::Unknown(UnknownReason::Placeholder));
    assert_eq!(kind("PLINK CONDO BASE ACCOUNT"), PartyKind::Unknown(UnknownReason::Placeholder));
    assert_eq!(kind("PLINK"), PartyKind::Unknown(UnknownReason::SingleWord));
}

#[test]
fn couples_inherit_the_surname_in_every_style() {
    assert_eq!(persons_in("PLINK, ORA & TOD", LineStyle::Comma), ["PLINK|ORA|", "PLINK|TOD|"]);
    assert_eq!(persons_in("PLINK, ORA JR & QUORN, ZED A", LineStyle::Comma), ["PLINK|ORA|JR", "QUORN|ZED A|"]);
    assert_eq!(persons_in("PLINK ORA B/ZED C", LineStyle::Slash), ["PLINK|ORA B|", "PLINK|ZED C|"]);
    assert_eq!(persons_in("PLINK ORA B & ZED", LineStyle::Space), ["PLINK|ORA B|", "PLINK|ZED|"]);
    assert_eq!(persons_in("ORA & ZED PLINK", LineStyle::Natural), ["PLINK|ORA|", "PLINK|ZED|"]);
    assert_eq!(persons_in("D QUORN BARBARA", LineStyle::Space), ["D QUORN|BARBARA|"]);
}

#[test]
fn facts_are_cut_from_names() {
    let flags = |line: &str| parse(&[line], &Style::default()).flags;
    assert!(flags("PLINK, ORA ET UX ZED").has(Flag::EtUx));
    assert!(flags("PLINK, ORA ETAL").has(Flag::EtAl));
    assert!(flags("PLINK, ORA (RESTRICTED INDIAN)").has(Flag::RestrictedIndian));
    assert!(flags("PLINK, ORA JTWROS").has(Flag::JointTenancy));
    let shared = parse(&["PLINK, ORA 1/2 INT"], &Style::default());
    assert_eq!(shared.parties[0].share, Some((1, 2)));
    let tod = parse(&["PLINK, ORA TOD ZED QUORN"], &Style::default());
    assert!(tod.parties.iter().any(|p| p.role == PartyRole::Beneficiary));
    assert_eq!(persons_in("MORGAN, TOD A", LineStyle::Comma), ["MORGAN|TOD A|"]);
    let dba = parse(&["PLINK, ORA D/B/A PLINK SIGNS LLC"], &Style::default());
    assert_eq!((dba.kind, dba.parties[1].role), (PartyKind::Person, PartyRole::Dba));
    let aka = parse(&["PLINK, ORA AKA PLINK, DORA"], &Style::default());
    assert_eq!(aka.parties[1].role, PartyRole::Aka);
}

#[test]
fn address_in_a_name_column_is_set_apart() {
    let one = parse(&["PLINK ORA & ZED 3656 QUORN RD"], &Style::fixed(LineStyle::Space));
    assert_eq!(one.address_spill.as_deref(), Some("3656 QUORN RD"));
    assert_eq!(one.parties.len(), 2);
    let two = parse(&["PLINK ORA", "PO BOX 12"], &Style::fixed(LineStyle::Space));
    assert!(two.flags.has(Flag::AddressSpill));
    assert_eq!(two.parties.len(), 1);
}

#[test]
fn care_of_leaves_mailing_lines() {
    let found = split_mailing(&["ATTN: ORA PLINK 12 QUORN ST", "C/O ZED BANK", "PO BOX 9"]);
    assert_eq!(found.street, ["12 QUORN ST", "PO BOX 9"]);
    assert_eq!(found.care_of[0].role, PartyRole::Attention);
    assert_eq!(found.care_of[1].name, "ZED BANK");
}

#[test]
fn names_cut_at_the_column_are_flagged() {
    let lines: Vec<String> = (0..9).map(|n| format!("PLINKTON VILLAGE HOLDING{n}")).collect();
    let style = Style::learn(lines.iter().map(String::as_str));
    assert_eq!(style.column_width, Some(25));
    assert!(parse(&[lines[0].as_str()], &style).flags.has(Flag::Truncated));
}

#[test]
fn style_is_learnt_from_the_lines() {
    let learn = |lines: &[&str]| Style::learn(lines.iter().copied()).line;
    assert_eq!(learn(&["PLINK, ORA", "QUORN, ZED B"]), LineStyle::Comma);
    assert_eq!(learn(&["PLINK ORA B", "QUORN ZED B & UMA", "VORN IMA C"]), LineStyle::Space);
    assert_eq!(learn(&["PLINK ORA B/UMA", "QUORN ZED B/TIM"]), LineStyle::Slash);
    assert_eq!(learn(&["ORA B PLINK", "ZED C QUORN"]), LineStyle::Natural);
}

proptest! {
    #[test]
    fn no_line_panics_and_the_answer_is_the_same_twice(line in "\\PC{0,80}", second in "[A-Z,&/%;() .'0-9-]{0,60}") {
        for style in [LineStyle::Comma, LineStyle::Space, LineStyle::Natural, LineStyle::Mixed] {
            let style = Style::fixed(style);
            prop_assert_eq!(parse(&[&line, &second], &style), parse(&[&line, &second], &style));
            split_mailing(&[&second]);
        }
    }
}

#[test]
fn two_persons_without_a_separator_come_apart_and_two_surnames_do_not() {
    let check = |line: &str, expected: &[&str]| assert_eq!(persons_in(line, LineStyle::Comma), expected, "{line}");
    check("PLINK, ORA B QUORN, ZED", &["PLINK|ORA B|", "QUORN|ZED|"]);
    check("PLINK, ORA B VAN QUORN, ZED", &["PLINK|ORA B|", "VAN QUORN|ZED|"]);
    check("PLINK, ORA B MARY C", &["PLINK|ORA B|", "PLINK|MARY C|"]);
    check("PLINK, ORA B MARY C QUORN", &["PLINK|ORA B|", "QUORN|MARY C|"]);
    check("PLINK, ORA II MARY PLINK", &["PLINK|ORA|II", "PLINK|MARY|"]);
    check("PLINK, JOHN ROY MARY ANN PLINK", &["PLINK|JOHN ROY|", "PLINK|MARY ANN|"]);
    check("PLINK, ORA B (JR) & MARY C QUORN", &["PLINK|ORA B|JR", "QUORN|MARY C|"]);
    check("GARCIA, MARIA ELENA PLINK", &["GARCIA|MARIA ELENA PLINK|"]);
    check("GARCIA, ZOSO GARCIA", &["GARCIA|ZOSO GARCIA|"]);
    check("PLINK, ORA B, JR", &["PLINK|ORA B|JR"]);
}

#[test]
fn given_names_that_are_business_words_stay_given_names_of_a_couple() {
    let check = |line: &str, expected: &[&str]| assert_eq!(persons_in(line, LineStyle::Comma), expected, "{line}");
    check("PLINK, ORA & MARINA L", &["PLINK|ORA|", "PLINK|MARINA L|"]);
    check("NGUYEN, ORA & LOAN T", &["NGUYEN|ORA|", "NGUYEN|LOAN T|"]);
    check("NGUYEN, ORA & CO THI", &["NGUYEN|ORA|", "NGUYEN|CO THI|"]);
    check("NGUYEN, ORA & HOA", &["NGUYEN|ORA|", "NGUYEN|HOA|"]);
    assert_eq!(kind("PLINK, ORA & IRENE FAMILY LIMITED PARTNERSHIP"), PartyKind::Company);
}

#[test]
fn misspelt_glued_and_abbreviated_firms_are_firms() {
    for line in [
        "QUORN HODLINGS",
        "PLINK AQUISITIONS",
        "QUORNINVESTMENTS ONE",
        "PRONTOLLC",
        "FKH SFR PROPCO A",
        "PROGRESS RESIDL 2015 3 BORROW",
        "PLINK,BORROWER 2016-1",
        "PLINK FAMILY CHIROPRACTIC P C",
        "FANNIE MAE",
    ] {
        assert_eq!(kind(line), PartyKind::Company, "{line}");
    }
    for line in ["GARTNER LENA", "HOLMES ORA", "VLK JAROMIL", "PLINK KRISTA", "SMRZ TOMASIL B"] {
        let read = parse(&[line], &Style::fixed(LineStyle::Space));
        assert_eq!(read.kind, PartyKind::Person, "{line}");
    }
}

#[test]
fn bodies_that_have_an_and_in_their_name_are_one() {
    let owners = |line: &str| parse(&[line], &Style::default()).parties.len();
    assert_eq!(owners("PLINK GAME & PARKS COMMISSION"), 1);
    assert_eq!(owners("CITY & COUNTY OF PLINK"), 1);
    assert_eq!(owners("THE CENTER FOR QUORNS & CITY OF PLINK"), 2);
    for line in ["PLINK GAME & PARKS COMM", "PLINK WATERSHED DIST", "PLINK JOINT PUBLIC AGENCY", "PLINK PUBLIC LIBRARY"]
    {
        assert!(matches!(kind(line), PartyKind::Government(_)), "{line}");
    }
}

#[test]
fn aliases_care_of_and_accounts_are_read_whole() {
    let aka = parse(&["PLINK, ORA AKA QUORN, ORA"], &Style::default());
    assert_eq!((aka.parties.len(), aka.parties[1].person.surname.as_str()), (2, "QUORN"));
    let slash = parse(&["PLINK LLC C/O QUORN/ZED B"], &Style::default());
    assert_eq!((slash.parties[1].person.surname.as_str(), slash.parties[1].person.given.as_str()), ("QUORN", "ZED"));
    let couple = parse(&["PLINK LLC C/O MARK J & CHERYL L QUORN"], &Style::default());
    assert!(couple.parties[1..].iter().all(|p| p.person.surname == "QUORN") && couple.parties.len() == 3);
    let ira = parse(&["EQUITY TRUST CO CUSTODIAN FBO ORA B PLINK IRA 4711"], &Style::default());
    assert_eq!(ira.parties[1].person.surname, "PLINK");
    assert!(ira.flags.has(Flag::IraCustodian));
    let life = parse(&["PLINK, ORA LF EST MARY QUORN"], &Style::default());
    assert_eq!(life.parties.iter().map(|p| p.role).collect::<Vec<_>>(), [PartyRole::LifeTenant, PartyRole::Remainder]);
    let trustees = parse(&["PLINK, ORA B (TRUSTEE & MARY C PLINK (TRUSTEE"], &Style::default());
    assert_eq!(trustees.parties.iter().filter(|p| p.role == PartyRole::Trustee).count(), 2);
}

#[test]
fn a_series_called_by_a_street_is_no_address() {
    let line = parse(&["PLINK RENTALS LLC PS 12 QUORN STREET"], &Style::default());
    assert_eq!(line.address_spill, None);
    assert_eq!(kind("STREETS, DEDICATED TO THE PUBLIC QUORN ADDITION"), PartyKind::Unknown(UnknownReason::Placeholder));
}

/// Surnames of many origins, and surnames that are words of organisations, in every order a roll uses.
#[test]
fn no_surname_makes_a_person_an_organisation() {
    let words = "CHURCH BANKS BANK PARKS PARK CITY TRUST ESTES MARKET HEIRS TEMPLE PARISH COUNTY STATE TOWN VILLAGE HOUSE HALL \
                 STORE SHOP FARMER POPE BISHOP ABBOTT PRIEST CHAPEL SCHOOL COLLEGE LODGE CLUB GROUP CAPITAL MAJOR LAND LANDS \
                 BROOK FIELD WOODS HILLS RIDGE LAKE HOMES HOLDING FUND CASH MONEY PRICE SALES MARINA STEEL OIL PRESS LAW CO LE DO";
    let origins = "NGUYEN TRAN PHAM NGO VLK SRB KRC SMRZ ZHANG XU LI KIM CHOI OKONKWO ADEBAYO DIALLO MBEKI AL-BADRY HASSAN KHALIL \
                   SINGH PATEL RAO IYER GARCIA DE-LA-CRUZ ORTIZ BEGAY YAZZIE TSOSIE LONGHAT DEERINWATER IVANOV KOVALENKO \
                   SZCZEPANSKI NOVAK PAPADOPOULOS YILMAZ ROSSI O'NEIL MACDONALD JENSEN VANDERMOLEN NAKAMURA KEALOHA FALEOMAVAEGA";
    let organisation = |line: &str, style: LineStyle| {
        let kind = parse(&[line], &Style::fixed(style)).kind;
        !matches!(kind, PartyKind::Person | PartyKind::Unknown(_))
    };
    let mut wrong = Vec::new();
    let mut n = 0;
    for surname in words.split_whitespace().chain(origins.split_whitespace()) {
        for (line, style) in [
            (format!("{surname}, JOHN"), LineStyle::Comma),
            (format!("{surname}, MINH T & THU"), LineStyle::Comma),
            (format!("{surname}, ZUBO & AMINA R"), LineStyle::Comma),
            (format!("{surname} JOHN A"), LineStyle::Space),
            (format!("{surname} MARY & JOHN"), LineStyle::Space),
            (format!("JOHN A {surname}"), LineStyle::Natural),
        ] {
            n += 1;
            // `JOHN A TRUST` and `JOHN A HEIRS` say trust and heirs: the test below.
            if !matches!(line.as_str(), "JOHN A TRUST" | "JOHN A HEIRS") && organisation(&line, style) {
                wrong.push(line);
            }
        }
    }
    assert!(wrong.len() * 1000 <= 3 * n, "{} of {n}: {wrong:?}", wrong.len());
}

#[test]
fn a_given_name_before_trust_or_heirs_is_a_trust_or_a_dead_person() {
    for style in [LineStyle::Comma, LineStyle::Slash, LineStyle::Space, LineStyle::Natural, LineStyle::Mixed] {
        let style = Style::fixed(style);
        let trust = parse(&["JOHN A TRUST"], &style);
        assert_eq!((trust.kind, trust.parties[0].name.as_str()), (PartyKind::Trust, "JOHN A TRUST"));
        let heirs = parse(&["JOHN A HEIRS"], &style);
        assert_eq!((heirs.kind, heirs.parties[0].name.as_str()), (PartyKind::Estate, "JOHN A"));
        assert!(heirs.flags.has(Flag::Heirs) && !heirs.parties[0].person.given.is_empty(), "{heirs:?}");
    }
}

#[test]
fn a_single_letter_is_no_surname_in_any_style() {
    for style in [LineStyle::Comma, LineStyle::Slash, LineStyle::Space, LineStyle::Natural, LineStyle::Mixed] {
        assert_eq!(persons_in("PLINK ORA B", style), ["PLINK|ORA B|"], "{style:?}");
        let heirs = parse(&["ORA B HEIRS"], &Style::fixed(style));
        assert_eq!((heirs.kind, heirs.parties[0].person.surname.as_str()), (PartyKind::Estate, "ORA"), "{style:?}");
    }
    assert_eq!(persons_in("JAN VAN DER PLINK", LineStyle::Space), ["VAN DER PLINK|JAN|"]);
    assert_eq!(persons_in("VAN DER PLINK JAN", LineStyle::Natural), ["VAN DER PLINK|JAN|"]);
}

#[test]
fn the_dead_are_found_wherever_the_line_says_so() {
    for style in [LineStyle::Comma, LineStyle::Slash, LineStyle::Space, LineStyle::Natural, LineStyle::Mixed] {
        for line in [
            "HEIRS OF JOHN A PLINK",
            "ESTATE OF JOHN A PLINK",
            "PLINK JOHN A EST OF",
            "PLINK JOHN A ESTATE OF",
            "PLINK JOHN A, ESTATE OF",
            "PLINK, JOHN A ESTATE OF",
            "PLINK JOHN A EST",
            "EST PLINK JOHN A",
        ] {
            let read = parse(&[line], &Style::fixed(style));
            let name = &read.parties[0].person;
            assert_eq!((read.kind, read.parties.len()), (PartyKind::Estate, 1), "{style:?} {line}");
            assert_eq!((name.surname.as_str(), name.given.as_str()), ("PLINK", "JOHN"), "{style:?} {line}");
        }
    }
    assert_eq!(kind("ZORBO PLINK ESTATE"), PartyKind::Estate);
    assert_eq!(kind("PLINK ESTATE"), PartyKind::Estate);
    assert_eq!(kind("EST, JOHN"), PartyKind::Person);
    assert_ne!(kind("PLINK REAL ESTATE OF"), PartyKind::Estate);
    assert_ne!(kind("LAKE VALLEY ESTATE"), PartyKind::Estate);
}

#[test]
fn a_stray_natural_name_is_read_by_what_the_roll_knows() {
    let lines: Vec<String> = (0..20)
        .flat_map(|n| {
            let letter = char::from(b'A' + n);
            [format!("PLINK JOHN {letter}"), format!("QUORN MARY {letter} & JOHN"), format!("PLINK ROY {letter}")]
        })
        .collect();
    let style = Style::learn(lines.iter().map(String::as_str));
    assert_eq!(style.line, LineStyle::Space);
    let surnames = |line: &str| {
        let read = parse(&[line], &style);
        read.parties.iter().map(|p| p.person.surname.clone()).collect::<Vec<_>>()
    };
    assert_eq!(surnames("JOHN A PLINK & MARY B QUORN"), ["PLINK", "QUORN"]);
    assert_eq!(surnames("QUORN A JOHN"), ["QUORN"]);
}

#[test]
fn words_of_organisations_that_are_given_names_stay_given_names() {
    for line in ["MARINA PLINK", "LOAN TRAN", "TRAN THI LOAN", "NGUYEN THI HOA", "HOA NGUYEN"] {
        assert_eq!(kind(line), PartyKind::Person, "{line}");
    }
    assert_eq!(kind("PLINK RIDGE HOA"), PartyKind::Association);
    assert_eq!(kind("PLINK RIDGE H O A"), PartyKind::Association);
    assert_eq!(kind("PLINK MARINA"), PartyKind::Company);
    assert_eq!(persons_in("CHURCH JOHN & MARY", LineStyle::Space), ["CHURCH|JOHN|", "CHURCH|MARY|"]);
}

#[test]
fn cut_misspelt_and_joined_names_keep_their_kind() {
    for line in [
        "PLINK LIMITED LIABILITY COMPA",
        "PLINK LIMITED PARTNERSH",
        "ZORBO CORPORAT",
        "PLINK PROPERTIES LCC",
        "PLINK L L C",
        "AT&T",
        "OG & E",
        "PLINK & SON",
        "PLINK'S GARAGE",
        "PLINK BANK NATIONAL ASSOCIATION",
    ] {
        assert_eq!(kind(line), PartyKind::Company, "{line}");
    }
    for line in ["PLINK JOHN A TR", "PLINK JOHN REVOCABLE TRU", "THE PLINK FAMILY TRUST DTD 1/2/2003"] {
        let read = parse(&[line], &Style::fixed(LineStyle::Space));
        assert_eq!((read.kind, read.parties.len()), (PartyKind::Trust, 1), "{line}");
        assert!(!read.flags.has(Flag::Fractional), "{line}");
    }
}

#[test]
fn public_religious_and_common_bodies_without_a_legal_form() {
    for line in [
        "CITY & CO OF PLINK",
        "METRO GOV'T",
        "PLINK SCH DIST 4",
        "BD OF EDUCATION",
        "PLINK BD OF ED",
        "PLINK REDEVELOPMENT AGENCY",
        "PLINK COUNTY LAND BANK",
        "RWD #3 PLINK",
    ] {
        assert!(matches!(kind(line), PartyKind::Government(_)), "{line}: {:?}", kind(line));
    }
    for line in [
        "FIRST BAPT CH OF PLINK",
        "1ST UNITED METH CH",
        "ST MARY'S PARISH",
        "CORP OF THE PRESIDING BISHOP",
        "THE SALVATION ARMY",
        "BISHOP OF PLINK",
        "NEW HOPE FELLOWSHIP",
        "VICTORY WORSHIP CENTER",
    ] {
        assert_eq!(kind(line), PartyKind::Religious, "{line}");
    }
    for line in ["PLINK RIDGE PROPERTY OWNERS", "PLINK RIDGE COMMON AREA", "NEW LIFE CENTER"] {
        assert_eq!(kind(line), PartyKind::Association, "{line}");
    }
    assert_eq!(kind("PLINK INSURANCE AGENCY"), PartyKind::Company);
    assert_eq!(kind("VACANT"), PartyKind::Unknown(UnknownReason::Placeholder));
}

#[test]
fn bodies_without_a_legal_form_are_told_by_their_phrase() {
    let all = |kind_of: PartyKind, lines: &[&str]| {
        for line in lines {
            for style in [LineStyle::Comma, LineStyle::Space, LineStyle::Natural, LineStyle::Mixed] {
                let read = parse(&[line], &Style::fixed(style));
                assert_eq!((read.kind, read.parties.len()), (kind_of, 1), "{line} {style:?}");
            }
        }
    };
    let other = PartyKind::Government(GovernmentLevel::Other);
    all(other, &["PLINK REGIONAL TRANSIT", "PORT OF PLINK", "PLINK PARKS & RECREATION", "PLINK EXTENSION DISTRICT"]);
    all(PartyKind::Government(GovernmentLevel::School), &["PLINK ISD", "PLINK VO-TECH"]);
    all(PartyKind::Government(GovernmentLevel::Federal), &["VETERANS AFFAIRS", "SEC OF VET", "FARMERS HOME ADMIN"]);
    all(
        PartyKind::Company,
        &["U.S. BANK NAT'L. ASSOC.", "PLINK SAVINGS & LN. ASSN.", "PLINK SAVINGS FUND SOCIETY, FSB"],
    );
    all(PartyKind::Association, &["IBEW LOCAL 584", "BIG BROTHERS BIG SISTERS"]);
    all(PartyKind::Association, &["PLINK HIGH SCHOOL", "THE VILLAS AT PLINK", "PLINK CLINIC", "AMERICAN RED CROSS"]);
    all(PartyKind::Association, &["PLINK HEALTH CARE ASSOCIATION INC", "PLINK ESTATES POA", "PLINK HILLS H O A"]);
    all(PartyKind::Religious, &["TEMPLE ISRAEL", "TEMPLE BETH EL", "TEMPLE B'NAI PLINK", "CHUA PHAT PLINK"]);
    all(PartyKind::Religious, &["SISTERS OF MERCY", "PLINK CHRISTIAN SCHOOL", "PLINK CATHOLIC HIGH SCHOOL"]);
    all(PartyKind::Company, &["PLINK LIGHT & POWER", "PLINK DAYCARE", "FIRST NATL BK PLINK", "WELLS FARGO"]);
    all(PartyKind::Company, &["PLINK REGIONAL TRANSIT INC", "PLINK QUORN JV"]);
    all(PartyKind::Trust, &["PLINK CHARITABLE REMAINDER TRUST", "PLINK BYPASS TR", "PLINK ORA B LIVING TRU"]);
}

#[test]
fn phrases_of_bodies_leave_names_alone() {
    for line in ["TEMPLE, ISRAEL", "TEMPLE, BETH", "DINER, ORA", "TRANSIT, JOHN A", "RED, ORA", "HOA LE", "TRAN HOA"] {
        assert_eq!(kind(line), PartyKind::Person, "{line}");
    }
    for line in ["JOHN TRANSIT", "JOHN A TRANSIT", "MARY DINER", "PLINK ISRAEL", "TEMPLE ORA"] {
        assert_eq!(kind(line), PartyKind::Person, "{line}");
    }
    let two = parse(&["PLINK PLAZA ASSOCIATION & UNION BANK & TRUST COMPANY"], &Style::default());
    assert_eq!(two.parties.len(), 2);
    let poa = parse(&["PLINK ORA B POA"], &Style::fixed(LineStyle::Space));
    assert_eq!((poa.kind, poa.flags.has(Flag::Representative)), (PartyKind::Person, true));
}

#[test]
fn surnames_joined_without_a_name_are_nobody_we_know() {
    for line in ["PLINK & QUORN", "PLINK/QUORN/FERBLE"] {
        let read = parse(&[line], &Style::fixed(LineStyle::Space));
        assert_eq!(read.kind, PartyKind::Unknown(UnknownReason::SingleWord), "{line}");
        assert_eq!(read.parties.len(), 1, "{line}");
    }
    assert_eq!(kind("JOHN & MARY"), PartyKind::Person);
    assert_eq!(kind("PLINK & SONS"), PartyKind::Company);
}

#[test]
fn surname_first_on_a_natural_roll_is_told_by_the_roll() {
    let mut lines = vec!["JOHN PLINK/MARY QUORN", "PLINK JOHN/MARY"];
    lines.extend(["JOHN A PLINK", "MARY B PLINK", "JOHN QUORN", "MARY C QUORN", "JOHN PLINK"]);
    let style = Style::learn(lines.iter().copied());
    assert_eq!(style.line, LineStyle::Natural);
    let read = |line: &str| {
        parse(&[line], &style)
            .parties
            .iter()
            .map(|p| (p.person.surname.clone(), p.person.given.clone()))
            .collect::<Vec<_>>()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(read("PLINK JOHN/MARY"), [pair("PLINK", "JOHN"), pair("PLINK", "MARY")]);
    assert_eq!(read("JOHN PLINK/MARY QUORN"), [pair("PLINK", "JOHN"), pair("QUORN", "MARY")]);
}

#[test]
fn every_owner_gets_the_share_the_line_states() {
    let shares = |line: &str| {
        parse(&[line], &Style::fixed(LineStyle::Comma)).parties.iter().map(|p| p.share).collect::<Vec<_>>()
    };
    assert_eq!(shares("PLINK, ORA 1/3 & QUORN, ZED 2/3"), [Some((1, 3)), Some((2, 3))]);
    assert_eq!(shares("PLINK, ORA B (1/2) QUORN, ZED C (1/2)"), [Some((1, 2)), Some((1, 2))]);
    assert_eq!(shares("1/2 PLINK, ORA & 1/2 QUORN, ZED"), [Some((1, 2)), Some((1, 2))]);
    assert_eq!(shares("PLINK, ORA & ZED 1/2"), [None, None]);
    assert_eq!(shares("PLINK, ORA UND 1/2 INT"), [Some((1, 2))]);
}

#[test]
fn words_of_death_and_remainder_are_about_the_name_before_them() {
    let read = |line: &str| {
        let line = parse(&[line], &Style::fixed(LineStyle::Comma));
        line.parties.into_iter().map(|p| (p.person.given, p.kind, p.role)).collect::<Vec<_>>()
    };
    let party = |given: &str, kind, role| (given.to_owned(), kind, role);
    let (person, estate) = (PartyKind::Person, PartyKind::Estate);
    assert_eq!(
        read("PLINK, ORA DECEASED & ZED"),
        [party("ORA", estate, PartyRole::Owner), party("ZED", person, PartyRole::CoOwner)]
    );
    assert_eq!(
        read("PLINK, ORA (LE) & ZED PLINK (REM)"),
        [party("ORA", person, PartyRole::LifeTenant), party("ZED", person, PartyRole::Remainder)]
    );
    assert_eq!(
        read("PLINK, ORA LIFE EST REM TO ZED QUORN"),
        [party("ORA", person, PartyRole::LifeTenant), party("ZED", person, PartyRole::Remainder)]
    );
    assert_eq!(
        read("PLINK, ORA CUST ZED QUORN UTMA"),
        [party("ORA", person, PartyRole::Custodian), party("ZED", person, PartyRole::Beneficiary)]
    );
}

#[test]
fn forms_papers_and_departments_are_no_further_owners() {
    let names =
        |line: &str| parse(&[line], &Style::default()).parties.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    assert_eq!(names("PLINK INC A NEBRASKA CORP"), ["PLINK INC"]);
    assert_eq!(names("PLINK LLC, AN OKLAHOMA LIMITED LIABILITY COMPANY"), ["PLINK LLC"]);
    assert_eq!(names("CITY OF PLINKTON, A MUNICIPAL CORPORATION"), ["CITY OF PLINKTON"]);
    assert_eq!(names("PLINK, ORA B TRUSTEE U/A DTD 1/2/2003"), ["PLINK ORA B"]);
    assert_eq!(names("PLINK, ORA B OR ZED C"), ["PLINK ORA B", "PLINK ZED C"]);
    assert_eq!(names("PLINK, ORA AND/OR ZED"), ["PLINK ORA", "PLINK ZED"]);
    assert_eq!(names("SOK OR"), ["SOK OR"]);
    assert_eq!(names("MR & MRS ORA PLINK").len(), 1);
    let tax = parse(&["PLINK LLC ATTN TAX DEPT"], &Style::default());
    assert_eq!((tax.parties[1].kind, tax.parties[1].role), (PartyKind::Company, PartyRole::Attention));
    assert_eq!(kind("TRUSTEES OF PLINK METHODIST CHURCH"), PartyKind::Religious);
}

#[test]
fn a_last_word_cut_at_the_column_counts_as_the_word_it_begins() {
    let mut lines: Vec<String> =
        ["PLINK ORA A", "QUORN ZED B & UMA", "VORN IMA C"].iter().map(|l| (*l).to_owned()).collect();
    let cut = [
        ("MEADOW RIDGE HOMEOWNERS A", PartyKind::Association),
        ("STONEBRIDGE PUBLIC HOUSIN", PartyKind::Company),
        ("INDEPENDENT SCHOOL DISTRI", PartyKind::Government(GovernmentLevel::School)),
        ("PLINKTON HOUSING AUTHORIT", PartyKind::Government(GovernmentLevel::Other)),
        ("PLINK ZEDEKIAH C IRREVOCA", PartyKind::Trust),
        ("SOUTHWESTERN BEL TELEPHON", PartyKind::Company),
        ("VANDERPLINKEN ALEX MARTHE", PartyKind::Person),
        ("PLINKENBERGER MAX B QUORN", PartyKind::Person),
    ];
    lines.extend(cut.iter().map(|(line, _)| (*line).to_owned()));
    let style = Style::learn(lines.iter().map(String::as_str));
    assert_eq!(style.column_width, Some(25));
    for (line, kind) in cut {
        let read = parse(&[line], &style);
        assert!(read.flags.has(Flag::Truncated), "{line}");
        assert_eq!(read.kind, kind, "{line}");
    }
    // One letter less, and nothing says that the word was cut.
    assert_eq!(parse(&["INDEPENDENT SCHOO DISTRI"], &style).kind, PartyKind::Person);
}
