//! Facts a line states beside its names (flags) and the ids of the rules that read it, as small copyable sets.

macro_rules! fact_set {
    ($(#[$doc:meta])* $item:ident, $(#[$set_doc:meta])* $set:ident, { $($variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the words are listed in docs/ownership.md")]
        pub enum $item { $($variant),+ }

        impl $item {
            /// Every value, in the order of output.
            pub const ALL: &'static [$item] = &[$($item::$variant),+];

            /// The word used in SQL, JSON and on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $($item::$variant => $text),+ }
            }
        }

        $(#[$set_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $set(u64);

        impl $set {
            /// Adds one.
            pub fn add(&mut self, item: $item) {
                self.0 |= 1 << (item as u32);
            }

            /// Adds all of the other set.
            pub fn add_all(&mut self, other: $set) {
                self.0 |= other.0;
            }

            /// Says whether it is there.
            pub fn has(self, item: $item) -> bool {
                self.0 & (1 << (item as u32)) != 0
            }

            /// The members, in the order of [`Self`]'s list.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                $item::ALL.iter().copied().filter(move |item| self.has(*item))
            }
        }
    };
}

fact_set! {
    /// A fact stated by the line.
    Flag,
    /// The facts of one line.
    Flags,
    {
        EtUx => "et_ux",
        EtVir => "et_vir",
        EtAl => "et_al",
        Heirs => "heirs",
        Deceased => "deceased",
        LifeEstate => "life_estate",
        Remainder => "remainder",
        Tod => "tod",
        Dba => "dba",
        Aka => "aka",
        Nka => "nka",
        Fka => "fka",
        CareOf => "care_of",
        Attention => "attention",
        Trustee => "trustee",
        Fractional => "fractional",
        Truncated => "truncated",
        JointTenancy => "joint_tenancy",
        TenantsInCommon => "tenants_in_common",
        MaritalStatus => "marital_status",
        RestrictedIndian => "restricted_indian",
        TrustLand => "trust_land",
        Fbo => "fbo",
        IraCustodian => "ira_custodian",
        Representative => "representative",
        AddressSpill => "address_spill",
        BaseAccount => "base_account",
        Junk => "junk",
    }
}

fact_set! {
    /// A rule that took part in reading the line; the id is stored with the result.
    Rule,
    /// The rules of one line.
    Rules,
    {
        LineBlank => "line.blank",
        LineWithheld => "line.withheld",
        LinePlaceholder => "line.placeholder",
        LineBaseAccount => "line.base_account",
        ColumnsSpill => "columns.address_in_second",
        ColumnsSeparate => "columns.separate_owners",
        ColumnsContinued => "columns.continued",
        TailEtUx => "tail.et_ux",
        TailEtAl => "tail.et_al",
        TailTenancy => "tail.tenancy",
        TailLifeEstate => "tail.life_estate",
        TailAlias => "tail.alias",
        TailCareOf => "tail.care_of",
        TailTrustee => "tail.trustee",
        TailFraction => "tail.fraction",
        TailBeneficiary => "tail.beneficiary",
        TailHeirs => "tail.heirs",
        TailRestricted => "tail.restricted",
        TailRepresentative => "tail.representative",
        TailSpill => "tail.address_spill",
        TailJunk => "tail.junk",
        KindSurnameComma => "kind.surname_comma",
        KindGovernmentPhrase => "kind.government_phrase",
        KindGovernmentWord => "kind.government_word",
        KindDistrict => "kind.district",
        KindTribal => "kind.tribal",
        KindPublicTrust => "kind.public_trust",
        KindTrust => "kind.trust",
        KindTrustee => "kind.trustee",
        KindLegalForm => "kind.legal_form",
        KindReligious => "kind.religious",
        KindAssociation => "kind.association",
        KindEstate => "kind.estate",
        KindCompanyWord => "kind.company_word",
        KindNumberInName => "kind.number_in_name",
        KindPossessive => "kind.possessive",
        KindPlaceWords => "kind.place_words",
        KindSingleWord => "kind.single_word",
        KindPerson => "kind.person",
        SplitAnd => "split.and",
        SplitSlash => "split.slash",
        SplitComma => "split.comma",
        SurnameInherited => "name.surname_inherited",
        SurnameOwn => "name.own_surname",
        SurnameRepeated => "name.repeated_surname",
        OrderSurnameFirst => "name.surname_first",
        OrderNatural => "name.natural_order",
        Particle => "name.particle",
        KindMisspelt => "kind.misspelt_word",
        KindAcronym => "kind.acronym",
        Glued => "name.two_without_separator",
        KindCommaRoll => "kind.no_comma_in_comma_roll",
        KindBody => "kind.body_phrase",
    }
}
