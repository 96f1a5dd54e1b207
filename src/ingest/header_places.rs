//! Which places a column may take by the words of its header; the values of the column have the last word, in `inspect_values`.

use crate::ingest::header_words::{Bit, Said, cut, read};

/// Lines of a letter and columns of a legal description that are looked for.
pub(super) const LINES_MAX: u8 = 9;
/// Words that nobody knows which a header may have and still say something.
const UNKNOWN_MAX: u8 = 1;

/// A place that a column may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// A field by its name.
    Field(&'static str),
    /// The owner's name, first, second ... column.
    OwnerLine(u8),
    /// A piece of the owner's name: 0 surname, 1 first name, 2 middle name.
    OwnerPiece(usize),
    /// A line of the mailing address.
    MailLine(u8),
    /// `TULSA OK 74103` of the mailing address.
    MailTown,
    /// `TULSA OK 74103` of the situs.
    SitusTown,
    /// An address line of nobody that is said, first, second ...
    BareLine(u8),
    /// A city, state or ZIP of nobody that is said: 0, 1, 2.
    Bare(usize),
    /// `TULSA OK 74103` of nobody that is said.
    BareTown,
    /// A piece of the situs in the order of writing: number, fraction, direction, street, type, direction, unit.
    SitusPiece(usize),
    /// The same of the mailing address.
    MailPiece(usize),
    /// A part of a book-and-page reference: 0 book, 1 page.
    DeedPart(usize),
    /// A column of the legal description.
    Legal(u8),
}

/// Number of pieces of an address.
pub(super) const PIECES: usize = 7;
/// Positions among the pieces.
pub(super) const NUMBER: usize = 0;
const FRACTION: usize = 1;
pub(super) const BEFORE: usize = 2;
pub(super) const STREET: usize = 3;
pub(super) const KIND: usize = 4;
pub(super) const AFTER: usize = 5;
const UNIT: usize = 6;

/// Whose address, or nobody's that is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Situs,
    Mail,
    Unsaid,
}

fn whose(s: Said) -> Whose {
    let is_place = s.any(&[Bit::address, Bit::city, Bit::state, Bit::zip, Bit::street, Bit::line]);
    let is_piece = s.any(&[Bit::house, Bit::direction, Bit::before, Bit::after, Bit::fraction, Bit::kind]);
    if s.has(Bit::mail) || (is_place && (s.has(Bit::owner) || s.has(Bit::tax))) {
        Whose::Mail
    } else if s.has(Bit::situs) || ((is_place || is_piece) && s.any(&[Bit::parcel, Bit::building])) {
        Whose::Situs
    } else {
        Whose::Unsaid
    }
}

/// What a file is about, as far as one of its headers says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// A meter.
    Meter,
    /// The day of a meter read.
    ReadDay,
    /// A customer's account.
    Account,
    /// A place that is served, or who is.
    Service,
    /// Who got a property.
    Grantee,
}

/// The topics that a header speaks of.
pub(super) fn topics(header: &str) -> Vec<Topic> {
    let said = read(header);
    let words = cut(header);
    let serves = |w: &String| {
        ["service", "svc", "serv", "srvc", "premise", "prem", "customer", "cust"]
            .iter()
            .any(|s| w == s || w.len() > 5 && w.starts_with(s))
    };
    let is_number = said.any(&[Bit::number, Bit::ident, Bit::serial]) || said.n_words == 1;
    let topics = [
        (said.has(Bit::meter) && is_number, Topic::Meter),
        (said.has(Bit::read) && said.has(Bit::date), Topic::ReadDay),
        ((said.has(Bit::account) || words.iter().any(serves)) && said.any(&[Bit::number, Bit::ident]), Topic::Account),
        (said.has(Bit::account) && said.n_words == 1, Topic::Account),
        (words.iter().any(serves), Topic::Service),
        (said.has(Bit::grant), Topic::Grantee),
    ];
    topics.into_iter().filter(|(is_so, _)| *is_so).map(|(_, topic)| topic).collect()
}

/// The places that a column may take by its header, each with a rank: the lower, the more telling.
pub(super) fn places(header: &str) -> Vec<(Place, u8)> {
    let said = read(header);
    if said.bits == 0 || said.n_unknown > UNKNOWN_MAX || said.any(&[Bit::stop, Bit::grant]) {
        return Vec::new();
    }
    let mut found = Vec::new();
    of_address(said, &mut found);
    of_owner(said, &mut found);
    of_record(said, &mut found);
    of_utility(said, &mut found);
    for (_, rank) in &mut found {
        *rank += said.n_unknown * 3;
    }
    found
}

fn of_address(s: Said, found: &mut Vec<(Place, u8)>) {
    use Bit as B;
    if s.any(&[
        B::legal,
        B::value,
        B::sale,
        B::price,
        B::year,
        B::date,
        B::deed,
        B::book,
        B::page,
        B::meter,
        B::balance,
        B::ident,
    ]) || (s.has(B::area) && !s.any(&[B::address, B::street]))
    {
        return;
    }
    let whose = whose(s);
    of_town(s, whose, found);
    if !s.any(&[B::city, B::zip]) {
        of_piece(s, whose, found);
        of_line(s, whose, found);
    }
}

/// City, state and ZIP, alone or together.
fn of_town(s: Said, whose: Whose, found: &mut Vec<(Place, u8)>) {
    use Bit as B;
    let part = |at: usize| match whose {
        Whose::Mail => Place::Field(["mail_city", "mail_state", "mail_zip"][at]),
        Whose::Situs => Place::Field(["situs_city", "situs_state", "situs_zip"][at]),
        Whose::Unsaid => Place::Bare(at),
    };
    match (s.has(B::city), s.has(B::state), s.has(B::zip)) {
        (true, true, _) | (true, false, true) => match whose {
            Whose::Mail => found.extend([(Place::MailTown, 0), (Place::MailLine(LINES_MAX), 5)]),
            Whose::Situs => found.push((Place::SitusTown, 0)),
            Whose::Unsaid => found.push((Place::BareTown, 0)),
        },
        (false, _, true) => found.push((part(2), 0)),
        (true, false, false) if !s.any(&[B::code, B::number]) => {
            found.push((part(0), u8::from(!s.has(B::name) && s.n_words > 2)));
        }
        (false, true, false) if !s.any(&[B::house, B::fraction, B::name, B::line]) => found.push((part(1), 0)),
        _ => {}
    }
}

/// A piece of a street address.
fn of_piece(s: Said, whose: Whose, found: &mut Vec<(Place, u8)>) {
    use Bit as B;
    let unsaid = u8::from(whose == Whose::Unsaid) * 4;
    let piece = |i: usize| if whose == Whose::Mail { Place::MailPiece(i) } else { Place::SitusPiece(i) };
    let is_of_street = s.any(&[B::street, B::address, B::house, B::direction, B::unit]) || whose != Whose::Unsaid;
    let is_key = s.has(B::parcel) && s.has(B::number) && !s.any(&[B::street, B::address, B::house]);
    let is_account = s.any(&[B::account, B::owner]) && whose != Whose::Mail;
    if !is_of_street || is_key || is_account {
        return;
    }
    let place = if s.has(B::unit) {
        Some(UNIT)
    } else if s.has(B::fraction) {
        Some(FRACTION)
    } else if s.has(B::direction) && s.any(&[B::after, B::kind]) || s.has(B::after) && !s.has(B::kind) {
        Some(AFTER)
    } else if s.any(&[B::direction, B::before]) {
        Some(BEFORE)
    } else if s.has(B::kind) && !s.has(B::code) {
        Some(KIND)
    } else if s.any(&[B::number, B::house]) && !s.has(B::line) {
        Some(NUMBER)
    } else if s.has(B::street) && !s.any(&[B::line, B::code]) {
        Some(STREET)
    } else {
        None
    };
    if let Some(at) = place {
        let is_named = at != STREET || s.has(B::name);
        found.push((piece(at), unsaid / 2 + u8::from(!is_named)));
    }
    // `par_addr` may hold the number alone, and `PROPERTYADDRESS` the street alone.
    if s.has(B::address) && whose == Whose::Situs && s.ordinal.is_none() {
        found.extend([(piece(NUMBER), 6), (piece(STREET), 6)]);
    }
    // `SUFFIX` may be a type or a direction: the values tell.
    if s.has(B::kind) {
        found.push((piece(AFTER), unsaid + 2));
    }
}

/// A line of an address.
fn of_line(s: Said, whose: Whose, found: &mut Vec<(Place, u8)>) {
    use Bit as B;
    let is_line = s.any(&[B::address, B::line])
        || (s.bits & !(1 << B::situs as u32 | 1 << B::neutral as u32)) == 0
        || s.has(B::street) && whose == Whose::Mail;
    let of_piece = [B::number, B::house, B::fraction, B::direction, B::before, B::after, B::kind, B::unit, B::code];
    if is_line && !s.any(&of_piece) && !s.any(&[B::status, B::name]) {
        match whose {
            Whose::Mail => found.push((Place::MailLine(s.ordinal.unwrap_or(1)), 0)),
            Whose::Situs if s.ordinal.unwrap_or(1) <= 1 => {
                found.push((Place::Field("situs_address"), u8::from(s.has(B::whole))));
            }
            Whose::Situs => {}
            Whose::Unsaid => found.push((Place::BareLine(s.ordinal.unwrap_or(0)), u8::from(s.has(B::whole)))),
        }
    } else if s.has(B::mail) && s.n_words == 1 && s.ordinal.is_some() {
        // MAIL1, MAIL2
        found.push((Place::MailLine(s.ordinal.unwrap_or(1)), 2));
    }
}

fn of_owner(s: Said, found: &mut Vec<(Place, u8)>) {
    use Bit as B;
    let is_other = s.any(&[
        B::address,
        B::city,
        B::zip,
        B::number,
        B::kind,
        B::code,
        B::date,
        B::value,
        B::sale,
        B::price,
        B::year,
        B::account,
        B::status,
        B::use_,
        B::class,
        B::street,
        B::unit,
        B::meter,
        B::area,
        B::deed,
        B::legal,
        B::balance,
        B::ident,
    ]);
    let ordinal = s.ordinal.unwrap_or(1 + u8::from(s.has(B::second)));
    let piece = [s.any(&[B::last, B::surname]), s.has(B::first), s.has(B::middle)];
    if let (Some(at), true) = (piece.iter().position(|is_so| *is_so), s.any(&[B::owner, B::name]) || s.has(B::surname))
    {
        if !is_other && ordinal == 1 {
            found.push((Place::OwnerPiece(at), u8::from(!s.has(B::owner))));
        }
        return;
    }
    if s.has(B::care) && !s.any(&[B::address, B::city, B::zip]) {
        found.push((Place::OwnerLine(LINES_MAX), 3));
    } else if s.has(B::owner) && !is_other && (s.has(B::name) || !s.has(B::state)) {
        found.push((Place::OwnerLine(ordinal), u8::from(!s.has(B::name)) + u8::from(s.has(B::mail)) * 2));
    } else if s.has(B::name) && !is_other && s.any(&[B::mail, B::tax]) && !s.has(B::situs) {
        found.push((Place::OwnerLine(ordinal), 5));
    }
}

fn of_record(s: Said, found: &mut Vec<(Place, u8)>) {
    use Bit as B;
    let mut field = |name: &'static str, rank: u8| found.push((Place::Field(name), rank));
    if s.has(B::legal) {
        if !s.any(&[B::area, B::number, B::code, B::class, B::date]) {
            found.push((Place::Legal(s.ordinal.unwrap_or(1)), u8::from(!s.has(B::description))));
        }
        return;
    }
    if s.has(B::sale) || s.has(B::deed) {
        let is_first = s.ordinal.is_none_or(|n| n == 1);
        let later = u8::from(!s.has(B::sale)) * 2 + u8::from(!is_first) * 9;
        if s.has(B::date) && is_first {
            field("sale_date", later);
        } else if s.any(&[B::price, B::value]) && is_first {
            field("sale_price", later + u8::from(!s.has(B::price)));
        } else if s.bits == (1 << B::sale as u32 | 1 << B::last as u32) {
            field("sale_date", 4);
            field("sale_price", 4);
        }
    }
    let is_bare = !s.any(&[B::deed, B::sale]);
    if s.has(B::book) != s.has(B::page) && !(is_bare && s.n_unknown > 0) && !s.any(&[B::total, B::value, B::area]) {
        found.push((Place::DeedPart(usize::from(s.has(B::page))), u8::from(is_bare)));
    } else if s.has(B::book) && s.has(B::page) {
        found.push((Place::Field("deed_reference"), 0));
    } else if s.has(B::instrument) && !s.any(&[B::date, B::kind, B::code]) && s.any(&[B::number, B::deed, B::sale]) {
        found.push((Place::Field("deed_reference"), 1));
    }
    let mut field = |name: &'static str, rank: u8| found.push((Place::Field(name), rank));
    if s.any(&[B::sale, B::deed, B::tax]) && !s.has(B::value) || s.has(B::date) {
        return;
    }
    if s.has(B::year) && s.has(B::built) {
        field("year_built", u8::from(s.has(B::effective)) * 3);
    }
    if s.has(B::area) && s.any(&[B::living, B::building]) && !s.has(B::land) {
        field("building_area_sqft", u8::from(!s.has(B::living)));
    }
    let is_sum = s.any(&[B::assessed, B::market]) && s.any(&[B::total, B::improvement, B::building]);
    if (s.has(B::value) || is_sum) && !s.any(&[B::area, B::year, B::code, B::class, B::kind, B::number]) {
        if s.any(&[B::improvement, B::building]) && !s.has(B::land) {
            field("improvement_value", u8::from(s.has(B::assessed)) + u8::from(s.has(B::taxable)) * 2);
        } else if !s.has(B::land) && s.any(&[B::total, B::market, B::assessed, B::parcel, B::situs]) {
            let rank = if s.has(B::market) { 0 } else { 1 + u8::from(!s.has(B::total)) };
            field("total_value", rank + u8::from(s.has(B::taxable)) * 3);
        }
    }
    if s.has(B::homestead) && !s.any(&[B::value, B::price]) {
        field("homestead", 0);
    }
    if (s.has(B::use_) && !s.has(B::date)) || (s.has(B::class) && s.any(&[B::situs, B::land, B::code, B::parcel])) {
        let rank =
            u8::from(!s.has(B::use_)) * 2 + u8::from(!s.any(&[B::description, B::land])) + u8::from(s.has(B::tax)) * 2;
        field("land_use", rank);
    }
    let is_of_place =
        s.any(&[B::address, B::city, B::zip, B::street, B::owner, B::name, B::value, B::kind, B::area, B::status]);
    if s.has(B::parcel) && !is_of_place && !s.any(&[B::use_, B::class, B::year, B::description]) {
        field("parcel_no", u8::from(!s.has(B::number) && s.n_words > 1) + u8::from(s.ordinal.is_some()));
    }
    let is_number = s.any(&[B::number, B::code]) || s.n_words == 1;
    if s.has(B::account) && is_number && !s.any(&[B::name, B::kind, B::status]) {
        field("assessor_account_no", 0);
    }
}

/// What a billing file has beside addresses and names.
fn of_utility(s: Said, found: &mut Vec<(Place, u8)>) {
    use Bit as B;
    let mut field = |name: &'static str, rank: u8| found.push((Place::Field(name), rank));
    let is_number = s.any(&[B::number, B::serial, B::ident]) || s.n_words == 1;
    if s.has(B::meter) && is_number && !s.any(&[B::kind, B::date, B::status]) {
        field("meter_no", u8::from(!s.has(B::number)));
    }
    if s.any(&[B::account, B::owner])
        && s.any(&[B::number, B::ident])
        && !s.any(&[B::meter, B::address, B::street, B::house])
    {
        field("account_no", u8::from(!s.has(B::account)));
    }
    if s.has(B::situs)
        && s.has(B::number)
        && !s.any(&[B::address, B::street, B::house, B::meter, B::parcel, B::account])
    {
        field("premise_no", 0);
    }
    if s.has(B::balance) && !s.has(B::date) {
        field("balance", u8::from(!s.any(&[B::account, B::total])));
    }
    if s.has(B::status) && !s.any(&[B::state, B::meter, B::address]) && s.any(&[B::account, B::situs, B::owner]) {
        field("status", 0);
    }
    if s.has(B::date) && s.has(B::open) {
        field("opened_on", 0);
    }
    if s.has(B::date) && s.has(B::close) {
        field("closed_on", 0);
    }
    if s.has(B::read) && s.has(B::date) {
        field("read_on", 0);
    } else if s.has(B::read) && !s.any(&[B::kind, B::code, B::ident, B::status]) {
        field("reading", u8::from(!s.any(&[B::value, B::last, B::meter])));
    }
    if s.has(B::usage) && !s.any(&[B::date, B::kind, B::code]) {
        field("consumption", 0);
    }
    if s.has(B::tap) && (s.any(&[B::number, B::ident]) || s.n_words == 1) && !s.has(B::main) {
        field("tap_no", u8::from(s.n_words == 1));
    }
    if s.has(B::date) && s.any(&[B::tap, B::install]) {
        field("tapped_on", u8::from(s.has(B::main)) * 4);
    }
    if s.has(B::size) {
        field(if s.has(B::main) { "main_size" } else { "size" }, u8::from(s.has(B::meter)) * 4);
    }
    if s.has(B::material) {
        field(if s.has(B::main) { "main_material" } else { "service_material" }, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, places};

    #[test]
    fn a_header_may_take_the_places_its_words_name() {
        let first = |header: &str| places(header).into_iter().min_by_key(|(_, rank)| *rank).map(|(place, _)| place);
        assert_eq!(first("ownzipcd"), Some(Place::Field("mail_zip")));
        assert_eq!(first("saddstname"), Some(Place::SitusPiece(super::STREET)));
        assert_eq!(first("Owner City State Zip"), Some(Place::MailTown));
        assert_eq!(first("TRUE_OWNER2"), Some(Place::OwnerLine(2)));
        for nothing in
            ["PRIOR_OWNER", "OWNERSHIP_TYPE", "Mail Zip4", "GRANTOR_NAME", "SHAPE_AREA", "\u{e9}\u{e9}", "1", ""]
        {
            assert_eq!(places(nothing), Vec::new(), "{nothing}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_read(header in "\\PC{0,40}", glued in "[a-z0-9_]{0,60}") {
            places(&header);
            places(&glued);
        }
    }
}
