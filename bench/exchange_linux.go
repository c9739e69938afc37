package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// talk asks the server once, and so learns how long an answer is.
func (e exchange) talk(addr netip.AddrPort) (talk, error) {
	c, err := net.DialTimeout("tcp", addr.String(), patience)
	if err != nil {
		return talk{}, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience)) // fails only on a closed connection
	if e.Prime != "" {
		if _, err := ask(c, e.Prime, "", e.PrimeEnd); err != nil {
			return talk{}, err
		}
	}
	answer, err := ask(c, e.Request, e.Begin, e.End)
	if err != nil {
		return talk{}, err
	}
	s := &script{request: repeat([]byte(e.Request), patternSpan), answer: answer}
	s.repeated = repeat(answer, 2*patternSpan)
	if i := bytes.Index(answer, []byte("\r\nDate: ")); i >= 0 {
		s.date = i + len("\r\nDate: ")
		s.dateEnd = s.date + bytes.IndexByte(answer[s.date:], '\r')
	}
	t := talk{request: len(e.Request), answer: len(answer), right: s.right, waves: true}
	t.say = func(cn *conn, n int) []byte {
		at := int(cn.sent % uint64(t.request))
		return s.request[at:min(at+n, len(s.request))]
	}
	return t, nil
}

// ask sends a request and returns its answer, which has to begin and end like that.
func ask(c net.Conn, request, begin, end string) ([]byte, error) {
	if _, err := io.WriteString(c, request); err != nil {
		return nil, err
	}
	var answer []byte
	for !bytes.HasSuffix(answer, []byte(end)) {
		p := make([]byte, 4096)
		n, err := c.Read(p)
		answer = append(answer, p[:n]...)
		if err != nil && !bytes.HasSuffix(answer, []byte(end)) {
			return nil, fmt.Errorf("after %q, which does not end with %q: %w", answer, end, err)
		}
	}
	if !bytes.HasPrefix(answer, []byte(begin)) || len(answer) > patternSpan {
		return nil, fmt.Errorf("the answer is %.200q, want one that begins with %q", answer, begin)
	}
	return answer, nil
}

// repeat returns as many copies of p as n bytes need.
func repeat(p []byte, n int) []byte { return bytes.Repeat(p, (n+len(p)-1)/len(p)) }

// A script compares answers with the one that came first.
type script struct {
	request       []byte // many
	answer        []byte // one
	repeated      []byte // many
	date, dateEnd int    // where an answer has its date; both are 0 without one
}

func (s *script) right(cn *conn, p []byte) bool {
	at := int(cn.got % uint64(len(s.answer)))
	if bytes.Equal(p, s.repeated[at:at+len(p)]) {
		return true
	}
	// The date has changed since: compare the rest, and learn the new one.
	for len(p) > 0 {
		n := min(len(p), len(s.answer)-at)
		for i, b := range p[:n] {
			if b != s.answer[at+i] && (at+i < s.date || at+i >= s.dateEnd) {
				return false
			}
		}
		copy(s.answer[at:], p[:n])
		p, at = p[n:], 0
	}
	s.repeated = repeat(s.answer, 2*patternSpan)
	return true
}
