package tlsconn_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// A tlsListener gives the server's sides of TLS connections to a net/http server.
type tlsListener struct {
	*sock.Socket
	addr net.Addr
	cfg  *tlsconn.Config
	made chan *tlsconn.Conn
}

func (l *tlsListener) Accept() (net.Conn, error) {
	s, _, err := l.Socket.Accept()
	if err != nil {
		return nil, err
	}
	c, err := tlsconn.Server(s, l.cfg)
	if err != nil {
		return nil, err
	}
	l.made <- c
	return c, nil
}

func (l *tlsListener) Addr() net.Addr { return l.addr }

// randomFile is a file of that size, and the hash of its contents.
func randomFile(t *testing.T, size int) (path string, hash [sha256.Size]byte) {
	t.Helper()
	source := rand.NewChaCha8([32]byte{1})
	text := make([]byte, size)
	source.Read(text)
	path = filepath.Join(t.TempDir(), "file")
	socktest.Must(t, os.WriteFile(path, text, 0o600))
	return path, sha256.Sum256(text)
}

// A net/http server of other people's making runs on each record layer: requests one after the
// other on one connection, and a file whose hash is right.
func TestHTTPServer(t *testing.T) {
	path, want := randomFile(t, 8<<20)
	for _, layer := range layers {
		for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
			t.Run(layer.String()+"/"+tls.VersionName(version), func(t *testing.T) {
				need(t, layer)
				socktest.Check(t)
				ln, addr := socktest.TCP.Listener(t)
				listener := &tlsListener{ln, addr, &tlsconn.Config{TLS: serverTLS(), Layer: layer}, make(chan *tlsconn.Conn, 1)}
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/file" {
						http.ServeFile(w, r, path)
						return
					}
					// All of it before the answer begins: net/http drops what is not read by then.
					body, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					w.Write(body)
				})}
				served := socktest.Start(func() error { return server.Serve(listener) })
				cfg := clientTLS()
				cfg.MaxVersion = version
				transport := &http.Transport{TLSClientConfig: cfg}
				client := &http.Client{Transport: transport, Timeout: 6 * socktest.Patience}
				for i := range 20 {
					text := bytes.Repeat([]byte{byte(i)}, i*1000)
					res, err := client.Post("https://"+addr.String()+"/", "", bytes.NewReader(text))
					socktest.Must(t, err)
					got, err := io.ReadAll(res.Body)
					res.Body.Close()
					if err != nil || !bytes.Equal(got, text) {
						t.Fatalf("%d of %d bytes came back: %v", len(got), len(text), err)
					}
				}
				res, err := client.Get("https://" + addr.String() + "/file")
				socktest.Must(t, err)
				hash := sha256.New()
				n, err := io.Copy(hash, res.Body)
				res.Body.Close()
				if err != nil || [sha256.Size]byte(hash.Sum(nil)) != want {
					t.Errorf("%d bytes with another hash, %v", n, err)
				}
				checkLayer(t, <-listener.made, layer)
				if len(listener.made) != 0 {
					t.Error("there was a second connection")
				}
				transport.CloseIdleConnections()
				socktest.Must(t, server.Close())
				if err := served.Wait(t); !errors.Is(err, http.ErrServerClosed) {
					t.Error(err)
				}
			})
		}
	}
}

// With the kernel's record layer the socket itself sends a file, without a copy in this process's
// memory, and Recv and Send of it carry plaintext.
func TestSendfileOverKernel(t *testing.T) {
	path, want := randomFile(t, 3<<20+17)
	for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
		t.Run("kernel/"+tls.VersionName(version), func(t *testing.T) {
			need(t, tlsconn.Kernel)
			socktest.Check(t)
			s, peer := wire(t)
			conn, other := sides[0].ends(t, s, peer, tlsconn.Kernel, fixed(version, 0))
			served := socktest.Start(func() error {
				if err := conn.Handshake(); err != nil {
					return err
				}
				f, err := os.Open(path)
				if err != nil {
					return err
				}
				defer f.Close()
				question, err := conn.Socket().Recv(100, 0)
				if err != nil || string(question) != "send it" {
					return errors.Join(err, errors.New("asked: "+string(question)))
				}
				if _, err := conn.Socket().Sendfile(f, 0, -1); err != nil {
					return err
				}
				return conn.Close()
			})
			if _, err := other.Write([]byte("send it")); err != nil {
				t.Fatal(err)
			}
			hash := sha256.New()
			n, err := io.Copy(hash, other)
			if err != nil || [sha256.Size]byte(hash.Sum(nil)) != want {
				t.Errorf("%d bytes with another hash, %v", n, err)
			}
			socktest.Must(t, served.Wait(t))
			if layer, why := conn.Layer(); layer != tlsconn.Kernel {
				t.Errorf("the layer is %v: %v", layer, why)
			}
		})
	}
}
