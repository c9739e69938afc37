// Package http1 finds the requests of HTTP/1.1 (RFC 9112) in bytes that have arrived. It has no
// connection and never waits, so it serves callbacks and tasks alike:
//
//	func (web) Data(t *protocol.Transport, p []byte) (used int) {
//		for used < len(p) {
//			r, size, err := limits.Parse(p[used:])
//			…
//
// A client may send many requests before the first answer (pipelining). The answers must have the
// order of the requests.
//
// A body has the length that Content-Length says. The package does not decode transfer codings: a
// request with one gets the status 501.
package http1

import (
	"bytes"
	"fmt"
	"strconv"
)

// Limits bound a request. The zero Limits are the defaults.
type Limits struct {
	Head int // bytes of the request line and the fields; 0: 8192
	Body int // bytes of the body, at most 128 MiB; 0: 1 MiB
}

// A Request is one request. Its slices are parts of what was parsed.
type Request struct {
	Method []byte
	Target []byte // a path with its query, mostly
	Body   []byte // nil until all of it has arrived

	// Last says that the connection must end after the answer: the client asks for it, or speaks
	// HTTP/1.0 and does not ask for another request (RFC 9112, section 9.3).
	Last bool
	// HTTP10 says that the client speaks HTTP/1.0. Unless it is Last, the answer must have
	// "Connection: keep-alive": without that such a client waits for the end of the connection.
	HTTP10 bool

	fields []byte // the lines behind the first
}

// A StatusError says that a request cannot be served. No other request can be found behind it, so
// the connection must end after an answer with the status.
type StatusError struct {
	Code int    // 400, 413, 431 or 501
	What string // the fault of the request
}

func (e *StatusError) Error() string { return "http1: " + e.Status() + ": " + e.What }

// Status returns the status as a response has it in its first line: "400 Bad Request".
func (e *StatusError) Status() string {
	switch e.Code {
	case 413:
		return "413 Content Too Large"
	case 431:
		return "431 Request Header Fields Too Large"
	case 501:
		return "501 Not Implemented"
	}
	return "400 Bad Request"
}

const defaultHead, defaultBody = 8 << 10, 1 << 20

// The fields that say where a request ends, and what follows it.
var (
	host             = []byte("host")
	connection       = []byte("connection")
	contentLength    = []byte("content-length")
	transferEncoding = []byte("transfer-encoding")
)

// Parse looks at the first request of p. size is the number of bytes of the request with its body,
// even if p has fewer: more bytes must arrive then, and r has no Body yet. size is 0 if p does not
// have the whole head.
//
// Error: a *StatusError.
func (l Limits) Parse(p []byte) (r Request, size int, err error) {
	most := l.Head
	if most <= 0 {
		most = defaultHead
	}
	head, begin := p[:min(len(p), most)], 0
	var m message
	for at := 0; ; {
		i := bytes.IndexByte(head[at:], '\n')
		if i < 0 {
			if len(head) == most {
				err = &StatusError{431, fmt.Sprintf("the head has more than %d bytes", most)}
			}
			return Request{}, 0, err
		}
		line, first := head[at:at+i], at == 0
		if i > 0 && line[i-1] == '\r' {
			line = line[:i-1]
		}
		at += i + 1
		switch {
		case first:
			err = r.requestLine(line, &m)
			begin = at
		case len(line) == 0:
			if err = m.check(l); err != nil {
				return Request{}, 0, err
			}
			r.fields = head[begin : at-i-1]
			r.Last, r.HTTP10 = m.close || m.old && !m.keep, m.old
			if size = at + max(m.length, 0); size <= len(p) {
				r.Body = p[at:size]
			}
			return r, size, nil
		default:
			err = m.field(line)
		}
		if err != nil {
			return Request{}, 0, err
		}
	}
}

// requestLine takes the first line, for instance GET /path HTTP/1.1.
func (r *Request) requestLine(line []byte, m *message) error {
	method, rest, _ := bytes.Cut(line, space)
	target, version, _ := bytes.Cut(rest, space)
	if len(method) == 0 || len(target) == 0 || len(version) != len("HTTP/1.1") || string(version[:7]) != "HTTP/1." ||
		version[7] < '0' || version[7] > '9' {
		return fault("the request line %.100q must have a method, a target and HTTP/1.1", line)
	}
	r.Method, r.Target = method, target
	m.old = version[7] == '0'
	m.length = -1
	return nil
}

var space = []byte(" ")

func fault(format string, args ...any) error { return &StatusError{400, fmt.Sprintf(format, args...)} }

// A message is what the fields say about the end of a request.
type message struct {
	old    bool // HTTP/1.0
	close  bool // options of Connection
	keep   bool
	hosts  uint8
	length int // -1 without Content-Length
}

// field takes a line behind the first.
func (m *message) field(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	// A space before the colon, or a line that continues the one before, would let two programs see
	// two different requests: RFC 9112, sections 5.1 and 5.2.
	if colon <= 0 || line[colon-1] <= ' ' || line[0] <= ' ' {
		return fault("the line %.100q must be a name, a colon and a value", line)
	}
	name, value := line[:colon], line[colon+1:]
	switch len(name) {
	case len(host):
		if bytes.EqualFold(name, host) {
			m.hosts = min(m.hosts+1, 2)
		}
	case len(connection):
		if bytes.EqualFold(name, connection) {
			m.connection(value)
		}
	case len(contentLength):
		if bytes.EqualFold(name, contentLength) {
			return m.contentLength(bytes.TrimSpace(value))
		}
	case len(transferEncoding):
		if bytes.EqualFold(name, transferEncoding) {
			return &StatusError{501, fmt.Sprintf("Transfer-Encoding is %.100q: no coding is known", bytes.TrimSpace(value))}
		}
	}
	return nil
}

func (m *message) contentLength(value []byte) error {
	n := 0
	for _, c := range value {
		if c < '0' || c > '9' {
			n = -1
			break
		}
		n = min(n, mostBody)*10 + int(c-'0')
	}
	if n < 0 || len(value) == 0 || m.length >= 0 && n != m.length {
		return fault("Content-Length is %.100q: must be one number", value)
	}
	m.length = n
	return nil
}

// connection takes a list of options: RFC 9110, section 7.6.1.
func (m *message) connection(list []byte) {
	for len(list) > 0 {
		var option []byte
		option, list, _ = bytes.Cut(list, comma)
		switch option = bytes.TrimSpace(option); len(option) {
		case len(closeOption):
			m.close = m.close || bytes.EqualFold(option, closeOption)
		case len(keepAlive):
			m.keep = m.keep || bytes.EqualFold(option, keepAlive)
		}
	}
}

var comma, closeOption, keepAlive = []byte(","), []byte("close"), []byte("keep-alive")

// mostBody is beyond any sensible limit, and ten times as much fits an int.
const mostBody = 1 << 27

// check checks what only the whole head shows.
func (m *message) check(l Limits) error {
	if m.hosts > 1 || m.hosts == 0 && !m.old {
		return fault("a request of HTTP/1.1 must have one field Host") // RFC 9112, section 3.2
	}
	most := l.Body
	if most <= 0 {
		most = defaultBody
	}
	if m.length > min(most, mostBody) {
		return &StatusError{413, "Content-Length is " + strconv.Itoa(m.length) + ": at most " + strconv.Itoa(most) + " bytes are taken"}
	}
	return nil
}

// Field returns the value of the first field with this name, in any case of its letters. ok is
// false if the request has no such field.
func (r *Request) Field(name string) (value []byte, ok bool) {
	for n, v := range r.Fields {
		if len(n) == len(name) && bytes.EqualFold(n, []byte(name)) {
			return v, true
		}
	}
	return nil, false
}

// Fields calls yield for each field, in their order. It is an iterator: for name, value := range
// r.Fields.
func (r *Request) Fields(yield func(name, value []byte) bool) {
	for rest := r.fields; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, newline)
		name, value, _ := bytes.Cut(line, colonMark)
		if !yield(name, bytes.TrimSpace(value)) {
			return
		}
	}
}

var newline, colonMark = []byte("\n"), []byte(":")
