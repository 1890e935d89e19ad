//! Frames of the binary dialect, as far as the calls that carry much need them.

/// A value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tlv<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    List(&'a [Tlv<'a>]),
    Dict(&'a [(&'a str, Tlv<'a>)]),
}

const ID: u64 = 7;
const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;

/// The frame of a call with one argument.
pub(crate) fn request(app: &str, action: &str, argument: Tlv<'_>) -> Vec<u8> {
    let fields = [
        ("app_path", Tlv::Text(app)),
        ("action", Tlv::Text(action)),
        ("args", Tlv::List(&[argument])),
        ("kwargs", Tlv::Dict(&[])),
    ];
    framed(REQUEST, Tlv::Dict(&fields))
}

/// The frame of its result.
pub(crate) fn response(result: Tlv<'_>) -> Vec<u8> {
    framed(RESPONSE, Tlv::Dict(&[("result", result)]))
}

fn framed(kind: u8, payload: Tlv<'_>) -> Vec<u8> {
    let mut frame = vec![b'G', b'D', 1, kind, 0, 0, 0, 0];
    frame.extend_from_slice(&ID.to_be_bytes());
    let start = frame.len();
    payload.append(&mut frame);
    let length = number(frame.len() - start);
    frame[4..8].copy_from_slice(&length);
    frame
}

impl Tlv<'_> {
    fn append(self, out: &mut Vec<u8>) {
        match self {
            Tlv::Text(text) => run(out, 0x11, text.as_bytes()),
            Tlv::Bytes(bytes) => run(out, 0x10, bytes),
            Tlv::List(items) => {
                begin(out, 0x20, items.len());
                items.iter().for_each(|item| item.append(out));
            }
            Tlv::Dict(pairs) => {
                begin(out, 0x21, pairs.len());
                for (key, value) in pairs {
                    Tlv::Text(key).append(out);
                    value.append(out);
                }
            }
        }
    }
}

fn run(out: &mut Vec<u8>, code: u8, bytes: &[u8]) {
    begin(out, code, bytes.len());
    out.extend_from_slice(bytes);
}

fn begin(out: &mut Vec<u8>, code: u8, count: usize) {
    out.push(code);
    out.extend_from_slice(&number(count));
}

fn number(number: usize) -> [u8; 4] {
    let number = u32::try_from(number).expect("a message of ours is below 4 GiB");
    number.to_be_bytes()
}
