package tlsconn_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polluxio/pollux/internal/selfsigned"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// The other end is a program: openssl, or curl.

// command is a program that is killed with the test. Without it the test is skipped.
func command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%v: install the package %s to run this", err, name)
	}
	return exec.CommandContext(t.Context(), name, args...)
}

// A dialog is a program that runs, with its input and output.
type dialog struct {
	t   testing.TB
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
}

func start(t testing.TB, name string, args ...string) *dialog {
	t.Helper()
	cmd := command(t, name, args...)
	in, err := cmd.StdinPipe()
	socktest.Must(t, err)
	out, to, err := os.Pipe()
	socktest.Must(t, err)
	cmd.Stdout, cmd.Stderr = to, to
	socktest.Must(t, cmd.Start())
	to.Close()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		out.Close()
	})
	return &dialog{t, in, bufio.NewReader(out), cmd}
}

// expect reads lines until one contains text, and returns it.
func (d *dialog) expect(text string) (line string) {
	d.t.Helper()
	var all strings.Builder
	call := socktest.Start(func() error {
		for {
			l, err := d.out.ReadString('\n')
			all.WriteString(l)
			if strings.Contains(l, text) {
				line = l
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	if err := call.Wait(d.t); err != nil {
		d.t.Fatalf("no %q in %q: %v", text, all.String(), err)
	}
	return line
}

func (d *dialog) say(text string) {
	d.t.Helper()
	_, err := io.WriteString(d.in, text)
	socktest.Must(d.t, err)
}

// serving accepts one connection and serves it, and returns the address.
func serving(t testing.TB, cfg *tlsconn.Config, serve func(testing.TB, *tlsconn.Conn) *socktest.Call) (addr string, served func() (*tlsconn.Conn, error)) {
	t.Helper()
	ln, at := socktest.TCP.Listener(t)
	var conn *tlsconn.Conn
	var call *socktest.Call
	accepted := socktest.Start(func() error {
		s, _, err := ln.Accept()
		if err != nil {
			return err
		}
		if conn, err = tlsconn.Server(socktest.Closing(t, s), cfg); err != nil {
			return err
		}
		call = serve(t, conn)
		return nil
	})
	return at.String(), func() (*tlsconn.Conn, error) {
		t.Helper()
		socktest.Must(t, accepted.Wait(t))
		return conn, call.Wait(t)
	}
}

func TestOpenSSLClient(t *testing.T) {
	for _, layer := range layers {
		for _, m := range echoes {
			for _, how := range [][]string{
				{"-tls1_3"},
				{"-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"},
				{"-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"},
				{"-tls1_2"},
			} {
				t.Run(fmt.Sprintf("%v/%s/%s", layer, m.name, strings.Join(how, " ")), func(t *testing.T) {
					need(t, layer)
					command(t, "openssl")
					socktest.Check(t)
					addr, served := serving(t, &tlsconn.Config{TLS: serverTLS(), Layer: layer}, m.serve)
					args := append([]string{"s_client", "-connect", addr, "-quiet", "-no_ign_eof"}, how...)
					d := start(t, "openssl", args...)
					d.say("hello from openssl\n")
					d.expect("hello from openssl")
					if how[0] == "-tls1_3" && (layer != tlsconn.Kernel || rekeys()) {
						d.say("K\n") // a KeyUpdate that asks for one; a command is a line of its own
						d.expect("KEYUPDATE")
						d.say("after the update\n")
						d.expect("after the update")
						d.say("k\n") // one that does not
						d.expect("KEYUPDATE")
						d.say("and another\n")
						d.expect("and another")
					}
					d.in.Close()
					conn, err := served()
					socktest.Must(t, err)
					checkLayer(t, conn, layer)
					conn.Close()
				})
			}
		}
	}
}

// A client of TLS 1.2 that asks for a renegotiation is refused, and the connection ends.
func TestOpenSSLRenegotiation(t *testing.T) {
	for _, layer := range layers {
		t.Run(layer.String(), func(t *testing.T) {
			need(t, layer)
			command(t, "openssl")
			socktest.Check(t)
			addr, served := serving(t, &tlsconn.Config{TLS: serverTLS(), Layer: layer}, echoes[0].serve)
			d := start(t, "openssl", "s_client", "-connect", addr, "-quiet", "-no_ign_eof", "-tls1_2")
			d.say("hello\n")
			d.expect("hello")
			d.say("R\n")
			conn, err := served()
			if err == nil || !strings.Contains(err.Error(), "tls: ") {
				t.Errorf("%v, want an error of TLS", err)
			}
			conn.Close()
		})
	}
}

// pemFiles writes the certificate and its key, for a program.
func pemFiles(t testing.TB) (cert, key string) {
	t.Helper()
	c := selfsigned.Certificate()
	der, err := x509.MarshalECPrivateKey(c.PrivateKey.(*ecdsa.PrivateKey))
	socktest.Must(t, err)
	cert, key = filepath.Join(t.TempDir(), "cert"), filepath.Join(t.TempDir(), "key")
	socktest.Must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}), 0o600))
	socktest.Must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600))
	return cert, key
}

// Against openssl as the server, which sends two tickets after the handshake, and turns each line
// round.
func TestOpenSSLServer(t *testing.T) {
	command(t, "openssl")
	cert, key := pemFiles(t)
	for _, layer := range layers {
		for _, m := range modes {
			for _, version := range []string{"-tls1_3", "-tls1_2"} {
				t.Run(fmt.Sprintf("%v/%s/%s", layer, m.name, version), func(t *testing.T) {
					need(t, layer)
					socktest.Check(t)
					d := start(t, "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", cert, "-key", key, "-rev", version)
					var port int
					_, err := fmt.Sscanf(d.expect("ACCEPT "), "ACCEPT 127.0.0.1:%d", &port)
					socktest.Must(t, err)
					s := socktest.TCP.New(t)
					socktest.Must(t, s.Connect(sock.Inet("127.0.0.1", port)))
					conn, err := tlsconn.Client(s, &tlsconn.Config{TLS: clientTLS(), Layer: layer})
					socktest.Must(t, err)
					socktest.Must(t, m.run(t, conn, func(c *tlsconn.Conn) error {
						p := make([]byte, 6)
						for range 3 {
							if _, err := c.Write([]byte("hello\n")); err != nil {
								return err
							}
							if _, err := io.ReadFull(c, p); err != nil || string(p) != "olleh\n" {
								return fmt.Errorf("%q: %w", p, errors.Join(err, errors.New("want olleh")))
							}
						}
						checkLayer(t, c, layer)
						return c.Close()
					}).Wait(t))
				})
			}
		}
	}
}

// answerHTTP answers one request of HTTP/1.1 with body.
func answerHTTP(c *tlsconn.Conn, body []byte) error {
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "\r\n" {
			break
		}
	}
	_, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", len(body))
	if err == nil {
		_, err = c.Write(body)
	}
	return errors.Join(err, c.Close())
}

// httpHandler is answerHTTP in callbacks.
type httpHandler struct {
	*recorder
	request, unsent []byte
	body            []byte
}

func (h *httpHandler) Readable(c *tlsconn.Conn) {
	p := make([]byte, 1000)
	n, err := c.Read(p)
	if err != nil {
		return
	}
	h.request = append(h.request, p[:n]...)
	if bytes.HasSuffix(h.request, []byte("\r\n\r\n")) {
		h.unsent = append(fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", len(h.body)), h.body...)
		h.Writable(c)
	}
}

func (h *httpHandler) Writable(c *tlsconn.Conn) {
	n, err := c.Write(h.unsent)
	if h.unsent = h.unsent[n:]; err == nil {
		c.Close()
	}
}

func TestCurl(t *testing.T) {
	body := bytes.Repeat([]byte("all that curl gets\n"), 100_000)
	for _, layer := range layers {
		for _, mode := range []string{"goroutine", "task", "callback"} {
			for _, version := range []string{"1.3", "1.2"} {
				t.Run(fmt.Sprintf("%v/%s/%s", layer, mode, version), func(t *testing.T) {
					need(t, layer)
					command(t, "curl")
					socktest.Check(t)
					cfg := &tlsconn.Config{TLS: serverTLS(), Layer: layer}
					addr, served := serving(t, cfg, func(t testing.TB, c *tlsconn.Conn) *socktest.Call {
						for _, m := range modes {
							if m.name == mode {
								return m.run(t, c, func(c *tlsconn.Conn) error { return answerHTTP(c, body) })
							}
						}
						h := &httpHandler{recorder: newRecorder(), body: body}
						socktest.Must(t, c.Watch(newLoop(t), h))
						return socktest.Start(func() error { <-h.closed; return nil })
					})
					got, err := command(t, "curl", "-sSk", "--tlsv"+version, "--tls-max", version, "https://"+addr+"/x").CombinedOutput()
					if err != nil || !bytes.Equal(got, body) {
						t.Errorf("%d bytes of %d: %v: %.200s", len(got), len(body), err, got)
					}
					conn, err := served()
					socktest.Must(t, err)
					checkLayer(t, conn, layer)
				})
			}
		}
	}
}
