package http1_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock/protocol/http1"
)

func TestParse(t *testing.T) {
	const h = "Host: x\r\n"
	for _, tt := range []struct {
		name, in     string
		target, body string
		last         bool
		code         int // of the error
	}{
		{"the least", "GET / HTTP/1.1\r\n" + h + "\r\n", "/", "", false, 0},
		{"lines that end with LF", "GET / HTTP/1.1\nHost:x\n\n", "/", "", false, 0},
		{"a body", "POST /a?b HTTP/1.1\r\n" + h + "Content-Length: 3\r\n\r\nabc", "/a?b", "abc", false, 0},
		{"the same length twice", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 3\r\ncontent-length:3 \r\n\r\nabc", "/a", "abc", false, 0},
		{"close", "GET / HTTP/1.1\r\n" + h + "Connection: Close\r\n\r\n", "/", "", true, 0},
		{"close in a list", "GET / HTTP/1.1\r\n" + h + "connection: upgrade , close\r\n\r\n", "/", "", true, 0},
		{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "/", "", true, 0},
		{"HTTP/1.0 that stays", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "/", "", false, 0},
		{"HTTP/1.0, both", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "/", "", true, 0},
		{"HTTP/1.2 is as 1.1", "GET / HTTP/1.2\r\n" + h + "\r\n", "/", "", false, 0},

		{"no version", "GET /\r\n" + h + "\r\n", "", "", false, 400},
		{"no target", "GET  HTTP/1.1\r\n" + h + "\r\n", "", "", false, 400},
		{"no method", " / HTTP/1.1\r\n" + h + "\r\n", "", "", false, 400},
		{"nothing", "\r\n\r\n", "", "", false, 400},
		{"HTTP/2", "GET / HTTP/2.0\r\n" + h + "\r\n", "", "", false, 400},
		{"no digit", "GET / HTTP/1.x\r\n" + h + "\r\n", "", "", false, 400},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "", "", false, 400},
		{"two hosts", "GET / HTTP/1.1\r\n" + h + h + "\r\n", "", "", false, 400},
		{"a space before the colon", "GET / HTTP/1.1\r\n" + h + "Content-Length : 3\r\n\r\nabc", "", "", false, 400},
		{"a line that goes on", "GET / HTTP/1.1\r\n" + h + "A: b\r\n c: d\r\n\r\n", "", "", false, 400},
		{"no colon", "GET / HTTP/1.1\r\n" + h + "A\r\n\r\n", "", "", false, 400},
		{"no name", "GET / HTTP/1.1\r\n" + h + ": b\r\n\r\n", "", "", false, 400},
		{"a negative length", "GET / HTTP/1.1\r\n" + h + "Content-Length: -1\r\n\r\n", "", "", false, 400},
		{"an empty length", "GET / HTTP/1.1\r\n" + h + "Content-Length:\r\n\r\n", "", "", false, 400},
		{"two lengths", "GET / HTTP/1.1\r\n" + h + "Content-Length: 0\r\nContent-Length: 2\r\n\r\n", "", "", false, 400},
		{"a list of lengths", "GET / HTTP/1.1\r\n" + h + "Content-Length: 2, 2\r\n\r\n", "", "", false, 400},
		{"a long body", "GET / HTTP/1.1\r\n" + h + "Content-Length: 1048577\r\n\r\n", "", "", false, 413},
		{"a length beyond all numbers", "GET / HTTP/1.1\r\n" + h + "Content-Length: " + strings.Repeat("9", 99) + "\r\n\r\n", "", "", false, 413},
		{"a coding", "GET / HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n", "", "", false, 501},
		{"a long head", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 8200), "", "", false, 431},
	} {
		t.Run(tt.name, func(t *testing.T) {
			behind := tt.in + "GET /behind"
			r, size, err := http1.Limits{}.Parse([]byte(behind))
			var status *http1.StatusError
			if errors.As(err, &status); (status != nil) != (tt.code != 0) || status != nil && (status.Code != tt.code ||
				!strings.HasPrefix(status.Status(), fmt.Sprint(tt.code, " ")) || !strings.Contains(err.Error(), status.What)) {
				t.Fatalf("%v, want status %d", err, tt.code)
			}
			if err == nil && size != len(tt.in) || string(r.Target) != tt.target || string(r.Body) != tt.body || r.Last != tt.last {
				t.Errorf("%q, %q, last %v, %d bytes", r.Target, r.Body, r.Last, size)
			}
			if err != nil {
				return
			}
			for n := range len(tt.in) { // it arrives in parts
				r, size, err := http1.Limits{}.Parse([]byte(tt.in[:n]))
				if err != nil || size != 0 && size != len(tt.in) || size > n && r.Body != nil {
					t.Fatalf("with %d bytes: %d, %v, body %q", n, size, err, r.Body)
				}
			}
		})
	}
}

func TestLimits(t *testing.T) {
	l := http1.Limits{Head: 40, Body: 5}
	for in, code := range map[string]int{
		"GET / HTTP/1.0\n" + strings.Repeat("a:bcd\n", 4) + "\n":  0, // 40 bytes
		"GET / HTTP/1.0\n" + strings.Repeat("a:bcd\n", 4) + "a\n": 431,
		"GET / HTTP/1.0\ncontent-length:5\n\nabcde":               0,
		"GET / HTTP/1.0\ncontent-length:6\n\n":                    413,
	} {
		var status *http1.StatusError
		if _, _, err := l.Parse([]byte(in)); errors.As(err, &status) != (code != 0) || status != nil && status.Code != code {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestFields(t *testing.T) {
	r, _, err := http1.Limits{}.Parse([]byte("GET / HTTP/1.1\r\nHost: here \r\nAccept:a\nACCEPT: b\r\nEmpty:\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for name, value := range r.Fields {
		all = append(all, string(name)+"="+string(value))
		if len(all) == 3 {
			break
		}
	}
	if got := strings.Join(all, " "); got != "Host=here Accept=a ACCEPT=b" {
		t.Error(got)
	}
	if v, ok := r.Field("accept"); string(v) != "a" || !ok {
		t.Errorf("accept is %q, %v", v, ok)
	}
	if v, ok := r.Field("empty"); len(v) != 0 || !ok {
		t.Errorf("empty is %q, %v", v, ok)
	}
	if _, ok := r.Field("none"); ok {
		t.Error("a field that is not there")
	}
}

// Whatever arrives, a request lies within its head and body, and none goes beyond its limits. What
// follows it does not change it.
func FuzzParse(f *testing.F) {
	for _, in := range []string{"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "POST /b HTTP/1.0\nContent-Length: 3\n\nabc", "GET\r\n\r\n", "\n\n",
		"A / HTTP/1.1\r\nTransfer-Encoding:x\r\n\r\n", "A / HTTP/1.0\nConnection: close\n\n"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		r, size, err := http1.Limits{}.Parse(p)
		if err != nil && size != 0 || size < 0 || size > 8<<10+1<<20 || size > 0 && (len(r.Target) == 0 || len(r.Method) == 0) || size > len(p) && r.Body != nil {
			t.Fatalf("%+v, %d, %v", r, size, err)
		}
		for name := range r.Fields {
			if len(name) == 0 {
				t.Fatalf("a field without a name: %q", p)
			}
		}
		if size == 0 || size > len(p) {
			return
		}
		r2, size2, err := http1.Limits{}.Parse(p[:size])
		if size2 != size || err != nil || !bytes.Equal(r2.Target, r.Target) || r2.Last != r.Last || !bytes.Equal(r2.Body, r.Body) {
			t.Fatalf("without what follows: %+v, %d, %v; before %+v, %d", r2, size2, err, r, size)
		}
	})
}
