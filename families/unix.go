package families

import (
	"bytes"
	"strconv"
)

// Unix is an address of AF_UNIX: the bytes of a path.
//
// On Linux a first byte NUL makes it an abstract name, which is on no disk and may have more NULs;
// and an empty path given to bind asks the kernel for an abstract name. On the other systems both
// are paths like any other. Paths longer than the system takes are reported by [Family.Encode]
// ([ErrPathTooLong]).
func Unix(path string) Addr {
	return Addr{kind: KindUnix, text: path}
}

// Path is the path of a unix address: an abstract name with its leading NUL, "" for a socket that
// is not bound. That of any other is "".
func (a Addr) Path() string {
	if a.kind != KindUnix {
		return ""
	}
	return a.text
}

// unixCodec is <sys/un.h> (<afunix.h> on Windows). The length of sun_path is in [System]:
//
//	struct sockaddr_un {
//		                     // header     0
//		char sun_path[108];  // [104] BSD  2
//	};
type unixCodec struct{}

func (unixCodec) text(a Addr) string {
	path := a.text
	switch {
	case path == "":
		return "unix:"
	case path[0] == '/':
		return escape(path, "")
	case path[0] == 0:
		return "@" + escape(path[1:], "")
	case path[0] == '@':
		return "unix:%40" + escape(path[1:], "")
	}
	return "unix:" + escape(path, "")
}

func (unixCodec) parse(s string) (Addr, error) {
	if s != "" && s[0] == '@' {
		return Unix("\x00" + unescape(s[1:])), nil
	}
	return Unix(unescape(s)), nil
}

func (unixCodec) encode(s *System, body []byte, a Addr) (int, error) {
	// An abstract name ends where the sockaddr ends, a path at its NUL, for which there must be
	// room and which counts. Linux takes the empty path without it as a request for a name:
	// unix(7), "Autobind".
	nul := 1
	if s.abstract && (a.text == "" || a.text[0] == 0) {
		nul = 0
	}
	n := len(a.text) + nul
	if n > s.sunPath {
		return 0, &AddrError{
			Family: "unix",
			Value:  plural(len(a.text)) + ", at most " + strconv.Itoa(s.sunPath-nul),
			Rule:   ErrPathTooLong,
		}
	}
	if n > len(body) {
		return 0, noRoom("unix", headerLen+len(body))
	}
	clear(body[copy(body, a.text):n])
	return n, nil
}

func (unixCodec) decode(s *System, body []byte) (Addr, error) {
	if s.abstract && len(body) > 0 && body[0] == 0 {
		return Unix(string(body)), nil
	}
	// The systems differ in whether the length counts the NUL, or bytes after it, and Linux may
	// report a path of 108 bytes without one.
	if i := bytes.IndexByte(body, 0); i >= 0 {
		body = body[:i]
	}
	return Unix(string(body)), nil
}
