package main

import (
	"bytes"
	"strconv"
)

// A request is what the server needs to know of one. path is part of what was received.
type request struct {
	path []byte
	last bool // the connection ends after it
}

const mostHead, mostBody = 8 << 10, 1 << 20

var contentLength, transferEncoding, connection = []byte("content-length"), []byte("transfer-encoding"), []byte("connection")

// parse looks at the first request of p. size is how many bytes it has with its body, also if p has
// fewer; 0 if p does not have its whole head. problem is the status of a request that cannot be
// served.
func parse(p []byte) (r request, size int, problem string) {
	head, body := p[:min(len(p), mostHead)], -1
	for at := 0; ; {
		i := bytes.IndexByte(head[at:], '\n')
		switch {
		case i < 0 && len(head) == mostHead:
			return r, 0, "431 Request Header Fields Too Large"
		case i < 0:
			return r, 0, ""
		}
		line, first := bytes.TrimSuffix(head[at:at+i], []byte("\r")), at == 0
		at += i + 1
		switch {
		case first:
			if r, problem = requestLine(line); problem != "" {
				return r, 0, problem
			}
			continue
		case len(line) == 0:
			return r, at + max(body, 0), ""
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch len(name) {
		case len(contentLength):
			if bytes.EqualFold(name, contentLength) {
				n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 32)
				switch {
				case err != nil || body >= 0 && int(n) != body:
					return r, 0, "400 Bad Request"
				case n > mostBody:
					return r, 0, "413 Content Too Large"
				}
				body = int(n)
			}
		case len(transferEncoding):
			if bytes.EqualFold(name, transferEncoding) {
				return r, 0, "501 Not Implemented"
			}
		case len(connection):
			if bytes.EqualFold(name, connection) {
				value = bytes.TrimSpace(value)
				r.last = bytes.EqualFold(value, []byte("close")) || r.last && !bytes.EqualFold(value, []byte("keep-alive"))
			}
		}
	}
}

// requestLine is, for instance, GET /path HTTP/1.1.
func requestLine(line []byte) (r request, problem string) {
	_, rest, _ := bytes.Cut(line, []byte(" "))
	path, version, _ := bytes.Cut(rest, []byte(" "))
	if len(path) == 0 || len(version) != len("HTTP/1.1") || !bytes.HasPrefix(version, []byte("HTTP/1.")) {
		return r, "400 Bad Request"
	}
	return request{path, version[7] == '0'}, ""
}
