package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

func start(t *testing.T) (at string) {
	line := socktest.StartProgram(t, "127.0.0.1:0")
	return strings.TrimPrefix(line(), "listening on ")
}

// withoutDate removes the date of each answer, which has to be one.
func withoutDate(p []byte) []byte {
	return regexp.MustCompile(`Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n`).ReplaceAll(p, nil)
}

// Requests arrive in pieces and in groups, and each is answered in order.
func TestPipelining(t *testing.T) {
	at := start(t)
	c, err := net.Dial("tcp", at)
	socktest.Must(t, err)
	defer c.Close()
	c.SetDeadline(time.Now().Add(socktest.Patience))
	var in, want bytes.Buffer
	for i := range 300 {
		path := fmt.Sprintf("/%d", i)
		fmt.Fprintf(&in, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, i, strings.Repeat("b", i))
		fmt.Fprintf(&want, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(path), path)
	}
	in.WriteString("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	want.WriteString("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\n/last")
	go func() {
		for in.Len() > 0 {
			c.Write(in.Next(1 + in.Len()%999))
		}
	}()
	got, err := io.ReadAll(c)
	got = withoutDate(got)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%v: got %d bytes, want %d: %.300q", err, len(got), want.Len(), got)
	}
}

func TestBadRequests(t *testing.T) {
	at := start(t)
	refused := func(status string) string {
		return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	}
	for _, tt := range []struct{ in, want string }{
		{"nonsense\r\n\r\n", refused("400 Bad Request")},
		{"GET / HTTP/1.1\r\n\r\n", refused("400 Bad Request")},
		{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", refused("413 Content Too Large")},
		{"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", refused("501 Not Implemented")},
		{"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 9000), refused("431 Request Header Fields Too Large")},
		{"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nConnection: close\r\n\r\n/"},
		{"GET / HTTP/1.0\r\nCONNECTION:keep-alive\r\n\r\nGET /2 HTTP/1.1\nhost:\nconnection: Close \n\n",
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n/" +
				"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n/2"},
		{"HEAD /head HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\n/next"},
	} {
		c, err := net.Dial("tcp", at)
		socktest.Must(t, err)
		c.SetDeadline(time.Now().Add(socktest.Patience))
		io.WriteString(c, tt.in)
		if got, _ := io.ReadAll(c); string(withoutDate(got)) != tt.want {
			t.Errorf("%.60q: %q, want %q", tt.in, got, tt.want)
		}
		c.Close()
	}
}

// A client that waits for consent before it sends its body gets that at once, and once.
func TestContinue(t *testing.T) {
	c, err := net.Dial("tcp", start(t))
	socktest.Must(t, err)
	defer c.Close()
	c.SetDeadline(time.Now().Add(socktest.Patience))
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	const consent = "HTTP/1.1 100 Continue\r\n\r\n"
	got := make([]byte, len(consent))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != consent {
		t.Fatalf("%q, %v", got, err)
	}
	io.WriteString(c, "ab")
	rest, err := io.ReadAll(c)
	if !strings.HasPrefix(string(rest), "HTTP/1.1 200 OK\r\n") || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

// Programs of other projects drive the server.
func TestPrograms(t *testing.T) {
	at := start(t)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"curl", "-sS", "http://" + at + "/one", "http://" + at + "/two"}, `^/one/two$`},
		{[]string{"curl", "-sS", "--data-binary", strings.Repeat("x", 10_000), "http://" + at + "/post"}, `^/post$`},
		{[]string{"curl", "-sS", "-I", "http://" + at + "/head", "--next", "-sS", "http://" + at + "/next"}, `(?s)^HTTP/1.1 200 OK.*\r\n\r\n/next$`},
		{[]string{"ab", "-q", "-k", "-n", "100", "-c", "5", "http://" + at + "/ab"}, `(?s)Complete requests: +100\n.*Keep-Alive requests: +100\n`},
		{[]string{"wrk", "-c", "20", "-t", "1", "-d", "1", "http://" + at + "/wrk"}, `(?s)^(?:(?:Socket errors|Non-2xx)?.)*Requests/sec`},
		{[]string{"h2load", "--h1", "-n", "2000", "-c", "10", "-m", "16", "http://" + at + "/h2load"}, `2000 succeeded, 0 failed, 0 errored, 0 timeout`},
	} {
		t.Run(tt.args[0], func(t *testing.T) {
			program, err := exec.LookPath(tt.args[0])
			if err != nil {
				t.Skipf("%v: install Debian's curl, apache2-utils, wrk and nghttp2-client", err)
			}
			out, err := exec.Command(program, tt.args[1:]...).CombinedOutput()
			if err != nil || !regexp.MustCompile(tt.want).Match(out) || bytes.Contains(out, []byte("Socket errors")) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
