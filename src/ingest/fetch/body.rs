//! Payloads to bodies: undoing `Content-Encoding` within a bound, so that a small response cannot unpack to a large one.

use std::io::{self, Read};

use super::error::Error;

/// Unpacks `payload` as its `Content-Encoding` says.
pub(crate) fn unpack(url: &str, encoding: Option<&str>, payload: Vec<u8>, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let encoding = encoding.unwrap_or_default().trim().to_ascii_lowercase();
    let fail = |detail: String| Error::Encoding { url: url.to_owned(), detail };
    let reader: Box<dyn Read> = match encoding.as_str() {
        "" | "identity" => return Ok(payload),
        _ if payload.is_empty() => return Ok(Vec::new()),
        "gzip" | "x-gzip" if !payload.starts_with(&[0x1f, 0x8b]) => return Err(fail("it is not gzip".to_owned())),
        "gzip" | "x-gzip" => Box::new(flate2::bufread::MultiGzDecoder::new(payload.as_slice())),
        // Meant is zlib; some servers send the bare stream.
        "deflate" if payload[0] & 0x0f == 8 => Box::new(flate2::bufread::ZlibDecoder::new(payload.as_slice())),
        "deflate" => Box::new(flate2::bufread::DeflateDecoder::new(payload.as_slice())),
        other => return Err(fail(format!("unknown encoding {}", crate::ingest::error::shown(other)))),
    };
    let mut body = Vec::with_capacity(payload.len().saturating_mul(4).min(1 << 20));
    match reader.take(bytes_max + 1).read_to_end(&mut body) {
        Ok(_) if body.len() as u64 > bytes_max => {
            Err(Error::TooLarge { url: url.to_owned(), limit: bytes_max, detail: " when unpacked" })
        }
        Ok(_) => Ok(body),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Error::Truncated { url: url.to_owned(), n_bytes: payload.len() as u64 })
        }
        Err(e) => Err(fail(e.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::unpack;
    use crate::ingest::fetch::Error;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(encoding: Option<&str>, payload: &[u8], bytes_max: u64) -> Result<Vec<u8>, Error> {
        unpack("u", encoding, payload.to_vec(), bytes_max)
    }

    #[test]
    fn every_encoding_and_its_bounds() {
        let packed = gzip(b"hello");
        assert_eq!(unpacked(Some("GZIP"), &packed, 5).unwrap(), b"hello");
        assert_eq!(unpacked(Some("gzip"), &[packed.clone(), packed.clone()].concat(), 10).unwrap(), b"hellohello");
        assert!(matches!(unpacked(Some("gzip"), &packed, 4), Err(Error::TooLarge { .. })));
        for cut in 2..packed.len() {
            assert!(unpacked(Some("gzip"), &packed[..cut], 99).is_err(), "{cut}");
        }
        assert!(matches!(unpacked(Some("gzip"), b"<html>", 99), Err(Error::Encoding { .. })));
        assert!(matches!(unpacked(Some("br"), b"x", 99), Err(Error::Encoding { .. })));
        assert_eq!(unpacked(None, b"x", 99).unwrap(), b"x");
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(b"hello").unwrap();
        assert_eq!(unpacked(Some("deflate"), &zlib.finish().unwrap(), 9).unwrap(), b"hello");
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        bare.write_all(b"hello").unwrap();
        assert_eq!(unpacked(Some("deflate"), &bare.finish().unwrap(), 9).unwrap(), b"hello");
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let bomb = gzip(&vec![0; 8 << 20]);
        assert!(bomb.len() < 10_000);
        assert!(matches!(unpacked(Some("gzip"), &bomb, 1 << 20), Err(Error::TooLarge { .. })));
    }
}
