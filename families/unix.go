package families

import (
	"bytes"
	"strconv"
)

// Unix returns an address of AF_UNIX with the bytes of a path.
//
// On Linux, a path whose first byte is NUL is an abstract name. It is on no disk and may contain
// more NULs. In bind, an empty path asks the kernel for an abstract name. On other systems both are
// ordinary paths. [Family.Encode] reports a path that is too long for the system
// ([ErrPathTooLong]).
func Unix(path string) Addr {
	return Addr{kind: KindUnix, text: path}
}

// Path returns the path of a unix address. An abstract name has its leading NUL. The path of a
// socket that is not bound is "". For other kinds it is "".
func (a Addr) Path() string {
	if a.kind != KindUnix {
		return ""
	}
	return a.text
}

// unixCodec encodes this structure of <sys/un.h> (<afunix.h> on Windows). [System] has the length
// of sun_path:
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
	// An abstract name ends where the sockaddr ends. A path ends at its NUL, which needs room and
	// counts as part of the length. Linux takes an empty path without a NUL as a request for a
	// name: unix(7), "Autobind".
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
	// On some systems the length includes the NUL, or even bytes after it. Linux may report a path
	// of 108 bytes without a NUL.
	if i := bytes.IndexByte(body, 0); i >= 0 {
		body = body[:i]
	}
	return Unix(string(body)), nil
}
