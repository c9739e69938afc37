package netconn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// traced runs a test of this package in a process of its own, and returns what its calls moved.
func traced(t *testing.T, name string) map[string]int64 {
	t.Helper()
	self, err := os.Executable()
	socktest.Must(t, err)
	cmd := exec.Command(self, "-test.run=^"+name+"$", "-test.count=1", "-test.timeout=1m")
	moved := socktest.Strace(t, cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return moved()
}

// TestWriteTo copies 200,000 bytes from one Conn to another twice, of TCP and of UNIX: each byte
// goes into a pipe and out of it. Only the test's own ends receive bytes into memory.
func TestConnToConnIsSpliced(t *testing.T) {
	moved := traced(t, "TestWriteTo")
	if want := int64(4 * 200_000); moved["splice"] != want {
		t.Errorf("splice moved %d bytes, want %d", moved["splice"], want)
	}
	if most := int64(2*200_000 + 10_000); moved["recvfrom"] > most {
		t.Errorf("%d bytes were received into memory, want %d at most", moved["recvfrom"], most)
	}
}

// TestHTTPProxies relays a body there and back through two proxies of net/http: of both ways of
// the first, and of all but 512 sniffed bytes in the second, each byte is spliced.
func TestHTTPProxiesSplice(t *testing.T) {
	moved := traced(t, "TestHTTPProxies")
	if least := int64(2 * (2*proxied + proxied - 512 - 4096)); moved["splice"] < least {
		t.Errorf("splice moved %d bytes, want %d at least", moved["splice"], least)
	}
}

// proxied is how many bytes go each way.
const proxied = 500_000

// A CONNECT proxy copies between hijacked Conns. A gateway answers with what a Conn says.
func TestHTTPProxies(t *testing.T) {
	socktest.Check(t)
	text := pattern(proxied)
	echo := listen(t, "unix")
	echoing := socktest.Start(func() error {
		for range 2 {
			c, err := echo.AcceptConn()
			if err != nil {
				return err
			}
			_, err = io.Copy(c, c)
			if err = errors.Join(err, c.CloseWrite()); err != nil {
				return err
			}
			c.Close()
		}
		return nil
	})
	front := listen(t, "tcp")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := netconn.Dial("unix", echo.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		back := conn.(*netconn.Conn)
		if r.Method != http.MethodConnect {
			sent := socktest.Start(func() error { _, err := back.Write(text); return errors.Join(err, back.CloseWrite()) })
			w.Header().Set("Content-Length", fmt.Sprint(len(text)))
			n, err := io.Copy(w, back)
			if err = errors.Join(err, sent.Wait(t)); err != nil || n != int64(len(text)) {
				t.Errorf("the gateway copied %d bytes, %v", n, err)
			}
			return
		}
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprint(rw, "HTTP/1.1 200 OK\r\n\r\n")
		rw.Flush()
		there := socktest.Start(func() error { _, err := io.Copy(back, c); return errors.Join(err, back.CloseWrite()) })
		_, err = io.Copy(c, back)
		if err := errors.Join(err, c.(*netconn.Conn).CloseWrite(), there.Wait(t)); err != nil {
			t.Error(err)
		}
	})}
	serving := socktest.Start(func() error { return server.Serve(front) })

	conn, err := netconn.Dial("tcp", front.Addr().String())
	socktest.Must(t, err)
	client := conn.(*netconn.Conn)
	defer client.Close()
	client.SetDeadline(time.Now().Add(socktest.Patience))
	fmt.Fprint(client, "CONNECT echo HTTP/1.1\r\nHost: echo\r\n\r\n")
	head := make([]byte, len("HTTP/1.1 200 OK\r\n\r\n"))
	_, err = io.ReadFull(client, head)
	socktest.Must(t, err)
	all := received(client)
	_, err = client.Write(text)
	socktest.Must(t, errors.Join(err, client.CloseWrite()))
	if got := all(t); !bytes.Equal(got, text) {
		t.Errorf("%d bytes came back", len(got))
	}

	transport := &http.Transport{DisableKeepAlives: true}
	res, err := (&http.Client{Transport: transport}).Get("http://" + front.Addr().String())
	socktest.Must(t, err)
	got, err := io.ReadAll(res.Body)
	if res.Body.Close(); err != nil || !bytes.Equal(got, text) {
		t.Errorf("the gateway gave %d bytes, %v", len(got), err)
	}
	socktest.Must(t, echoing.Wait(t))
	socktest.Must(t, server.Close())
	if err := serving.Wait(t); err != http.ErrServerClosed {
		t.Error(err)
	}
}

// A copy between Conns keeps a limit and what is beyond it, and its error is that of the Conn that
// failed, as its Read or its Write has it.
func TestConnToConnEnds(t *testing.T) {
	socktest.Check(t)
	a, b := pair(t, "tcp")
	c, d := pair(t, "unix")
	_, err := a.Write([]byte("hello, world"))
	socktest.Must(t, err)
	limited := &io.LimitedReader{R: b, N: 5}
	n, err := c.ReadFrom(limited)
	if n != 5 || limited.N != 0 || err != nil {
		t.Errorf("%d bytes, %d are left, %v", n, limited.N, err)
	}
	p := make([]byte, 100)
	for conn, want := range map[*netconn.Conn]string{d: "hello", b: ", world"} {
		if n, err := conn.Read(p); string(p[:n]) != want || err != nil {
			t.Errorf("%q, %v; want %q", p[:n], err, want)
		}
	}
	if n, err := c.ReadFrom(io.LimitReader(b, 0)); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}

	b.SetReadDeadline(time.Now().Add(-time.Second))
	_, err = io.Copy(c, b)
	wantOp(t, err, "read", "tcp", os.ErrDeadlineExceeded)
	b.SetReadDeadline(time.Time{})
	waiting := socktest.Start(func() error { _, err := io.Copy(c, b); return err })
	socktest.AwaitWaiting(t, b.Socket())
	b.SetReadDeadline(time.Now())
	wantOp(t, waiting.Wait(t), "read", "tcp", os.ErrDeadlineExceeded)
	b.SetReadDeadline(time.Time{})

	flooding := socktest.Start(func() error { _, err := a.Write(make([]byte, 50_000_000)); return err })
	stuck := socktest.Start(func() (err error) { n, err = io.Copy(c, b); return err })
	socktest.AwaitWaiting(t, c.Socket())
	c.SetWriteDeadline(time.Now())
	if wantOp(t, stuck.Wait(t), "write", "unix", os.ErrDeadlineExceeded); n == 0 {
		t.Error("nothing went before the deadline")
	}
	socktest.Must(t, c.Close())
	_, err = io.Copy(c, b)
	wantOp(t, err, "write", "unix", net.ErrClosed)
	socktest.Must(t, b.Close())
	_, err = io.Copy(d, b)
	wantOp(t, err, "read", "tcp", net.ErrClosed)
	if flooding.Wait(t) == nil {
		t.Error("all went to a closed connection")
	}
}
