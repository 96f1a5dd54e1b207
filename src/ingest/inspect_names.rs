//! Names of columns that `import inspect` knows, by field.

use crate::model::snapshot::SourceKind;

/// Header names (letters and digits only) that mean a field, most telling first. From the layers listed in docs/import.md.
pub(super) const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "parcel_no",
        &[
            "parcelid",
            "parcelno",
            "parcelnumber",
            "parcelnum",
            "parcelnb",
            "apn",
            "pin",
            "pid",
            "parid",
            "pclnbr",
            "parparcelpk",
            "taxparcelid",
            "parcelpin",
            "folio",
            "accountnumber",
            "strap",
            "mapbloclot",
            "mlnum",
            "propertyid",
            "prpid",
            "parcel",
        ],
    ),
    ("assessor_account_no", &["accountno", "acctno", "accountnb", "acctnum", "alternatekey", "account"]),
    (
        "situs_address",
        &[
            "situsaddress",
            "siteaddress",
            "siteaddres",
            "siteaddr",
            "situs",
            "propertyaddress",
            "propaddr",
            "propertylocation",
            "physaddress",
            "physicaladdress",
            "locationaddr",
            "locaddr",
            "locationaddress",
            "streetaddress",
            "address1",
            "addressofrecord",
            "groupaddress",
            "fulladdress",
            "location",
            "address",
            "addr",
        ],
    ),
    ("situs_city", &["situscity", "sitecity", "propertycity", "physcity", "propcity", "locationcity"]),
    ("situs_state", &["situsstate", "sitestate", "propstate"]),
    (
        "situs_zip",
        &[
            "situszip",
            "situszipcode",
            "sitezip",
            "propertyzip",
            "physzip",
            "propzip",
            "propertyzipcode",
            "locationzip",
            "postalcode",
        ],
    ),
    (
        "owner_lines",
        &[
            "owner",
            "ownername",
            "owner1",
            "ownername1",
            "ownernme1",
            "ownerline1",
            "name1",
            "ownerofrecord",
            "taxpayer",
            "taxpayername",
            "own1",
            "ownerfullname",
        ],
    ),
    (
        "mailing_lines",
        &[
            "mailingaddress",
            "mailingaddress1",
            "mailaddress",
            "mailaddr",
            "owneraddress",
            "owneraddress1",
            "owneraddre",
            "pstladdres",
            "pstladdress",
            "billingaddress",
            "mailline1",
            "ownaddr1",
        ],
    ),
    ("mail_city", &["mailcity", "mailingcity", "ownercity", "pstlcity", "mailingaddresscity"]),
    ("mail_state", &["mailstate", "mailingstate", "ownerstate", "pstlstate", "mailingaddressstate"]),
    (
        "mail_zip",
        &["mailzip", "mailingzip", "ownerzip", "ownerzipcode", "pstlzip5", "pstlzip", "mailingaddresszipcode"],
    ),
    ("legal_description", &["legaldescription", "legaldescr", "legaldesc", "legal", "prprtydscr"]),
    (
        "land_use",
        &[
            "landuse",
            "landusecode",
            "usecode",
            "propertyuse",
            "primeuse",
            "puc",
            "propertytype",
            "primarypropertytype",
            "luc",
        ],
    ),
    ("homestead", &["homestead", "homesteadexemption", "hmstd"]),
    ("year_built", &["yearbuilt", "yrbuilt", "resyrblt", "actyrblt", "yrblt"]),
    (
        "building_area_sqft",
        &["buildingareasqft", "bldgarea", "bldgsqft", "resflrarea", "livingarea", "totlvgarea", "sqft"],
    ),
    (
        "improvement_value",
        &["improvementvalue", "totalimpvalue", "bldgvalue", "impvalue", "improveactvalue", "buildingvalue"],
    ),
    (
        "total_value",
        &[
            "totalvalue",
            "totalacctvalue",
            "propertyvalue",
            "assessedvalue",
            "cntassdval",
            "marketvalue",
            "parcelvalu",
            "totalassessed",
            "assdvalue",
        ],
    ),
    ("sale_date", &["saledate", "lastsaledate", "deeddate"]),
    ("sale_price", &["saleprice", "saleamount", "saleamt", "price"]),
    ("deed_reference", &["deedreference", "deedref", "deedbookpage", "instrumentnumber"]),
    ("lon", &["lon", "longitude", "lng", "long", "xcoord", "x", "pointx"]),
    ("lat", &["lat", "latitude", "ycoord", "y", "pointy"]),
];

/// Second owner and mailing columns, added behind the first.
pub(super) const SECOND_LINES: &[(&str, &[&str])] = &[
    ("owner_lines", &["owner2", "ownername2", "ownernme2", "name2", "ownerline2", "coowner", "careofname", "own2"]),
    ("mailing_lines", &["mailingaddress2", "owneraddress2", "owneradd1", "mailline2", "address2", "ownaddr2"]),
];

/// City, state and ZIP columns that do not say whose they are: they belong to the address column before them.
pub(super) const BARE_PLACES: &[(&str, &str, &[&str])] = &[
    ("situs_city", "mail_city", &["city", "cityname", "municipality", "town"]),
    ("situs_state", "mail_state", &["state", "st"]),
    ("situs_zip", "mail_zip", &["zip", "zipcode", "zip5", "postcode"]),
];

/// Pieces of a situs address in the order in which they are written.
pub(super) const ADDRESS_PIECES: &[&[&str]] = &[
    &[
        "housenumber",
        "houseno",
        "housenum",
        "streetnumber",
        "streetno",
        "streetnum",
        "stnum",
        "stno",
        "addressnumber",
        "addrnum",
        "addrno",
        "sitenumber",
        "situsnumber",
        "situsnum",
        "propertystreetnumber",
        "hseno",
        "number",
        "num",
        "no",
    ],
    &["housefraction", "numberfraction", "sitefrac", "fraction", "frac", "streetfraction"],
    &[
        "predir",
        "predirection",
        "prefixdirection",
        "streetdirection",
        "streetdir",
        "stdir",
        "dir",
        "direction",
        "sitepref",
        "propertystreetdirection",
        "stpredir",
        "prefix",
    ],
    &[
        "streetname",
        "street",
        "stname",
        "strname",
        "sitestreet",
        "situsstreet",
        "situsstreetname",
        "situsroad",
        "propertystreetname",
        "road",
        "roadname",
    ],
    &["streettype", "streetsuffix", "sttype", "suffix", "suff", "propertystreettype", "stsuffix", "strtype"],
    &["postdir", "postdirection", "suffixdirection", "stpostdir", "propertystreetpostdirection"],
    &["unit", "unitno", "unitnumber", "apt", "suite", "siteunit", "situsunit", "propertysuite"],
];

/// Words (or runs of letters) in a header that mean a parcel number, when the values are different enough.
pub(super) const PARCEL_WORDS: &[&str] = &[
    "parcel",
    "propertyid",
    "propid",
    "taxid",
    "taxmap",
    "taxlot",
    "parid",
    "pid",
    "pin",
    "apn",
    "bbl",
    "sbl",
    "ssl",
    "folio",
];

/// Parts of a parcel number, from the large to the small: the order in which counties write them.
pub(super) const PARCEL_PARTS: &[&[&str]] = &[
    &["county", "countycode", "countyno"],
    &["district", "dist", "ward", "borough"],
    &["township", "town", "twp"],
    &["range", "rng"],
    &["section", "sec"],
    &["map", "mapno", "mapnumber", "book", "sheet"],
    &["square", "block", "blk", "blockno", "bloc", "tract", "page"],
    &["lot", "lotno", "lotnumber", "parcel"],
    &["sublot", "subparcel", "unit", "unitno", "qualifier", "qual"],
];

type Names = &'static [(&'static str, &'static [&'static str])];

const ACCOUNTS: Names = &[
    ("account_no", &["acctno", "acctnum", "acctid", "customeraccount", "customerno", "customerid"]),
    ("premise_no", &["premise", "premisenumber", "locationno", "servicepointid", "servicelocationid"]),
    (
        "service_address",
        &[
            "serviceaddr",
            "premiseaddress",
            "streetaddress",
            "fulladdress",
            "siteaddress",
            "propertyaddress",
            "location",
            "addr",
        ],
    ),
    ("service_city", &["premisecity", "sitecity", "propertycity"]),
    ("service_zip", &["servicezipcode", "premisezip", "zipcode", "propertyzipcode", "postalcode"]),
    ("holder_name", &["customer", "accountname", "accountholder"]),
    ("mailing_address", &["mailaddress", "mailaddr", "billaddress"]),
    ("meter_no", &["meter", "meternum", "meterserial", "serialno"]),
    ("lon", &["long", "lng", "x", "pointx"]),
    ("lat", &["y", "pointy"]),
];

const TAPS: Names = &[
    (
        "tap_no",
        &[
            "tap",
            "tapnum",
            "servicelineid",
            "serviceid",
            "serviceno",
            "connectionid",
            "hydrantid",
            "hydrantno",
            "facilityid",
            "assetid",
            "assetno",
        ],
    ),
    ("tapped_on", &["tapdate", "installdate", "installedon", "dateinstalled", "installationdate"]),
    ("size", &["servicesize", "diameter", "servicediameter", "pipesize"]),
    ("main_size", &["maindiameter"]),
    ("service_material", &["material", "pipematerial", "servicelinematerial"]),
    ("tap_card_ref", &["card", "cardno", "cardnumber"]),
    ("premise_nos", &["premise", "locationid", "servicepoint"]),
    (
        "service_address",
        &["streetaddress", "fulladdress", "siteaddress", "propertyaddress", "location", "hydrantlocation", "addr"],
    ),
    ("lon", &["long", "lng", "x", "pointx"]),
    ("lat", &["y", "pointy"]),
];

const READS: Names = &[
    ("meter_no", &["meter", "meternum", "meterserial", "serialno"]),
    ("read_on", &["readingdate", "dateread", "currentreaddate"]),
    ("reading", &["meterreading", "currentread", "currentreading"]),
    ("consumption", &["usage", "use"]),
];

/// Names of columns in the utility's own files, besides those of the `generic` profile.
pub(super) fn utility_names(kind: SourceKind) -> Names {
    match kind {
        SourceKind::Accounts => ACCOUNTS,
        SourceKind::Taps => TAPS,
        SourceKind::Reads => READS,
        _ => &[],
    }
}
