package interop

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// A version is a version of HTTP over a kind of transport.
type version struct {
	name  string
	proto string // what the server sees
	start func(*httptest.Server)
	set   func(*http.Transport, *httptest.Server)
}

var versions = []version{
	{"HTTP1.1", "HTTP/1.1", (*httptest.Server).Start, func(*http.Transport, *httptest.Server) {}},
	{"HTTPS1.1", "HTTP/1.1", (*httptest.Server).StartTLS, trust},
	{"h2", "HTTP/2.0", func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.StartTLS()
	}, func(tr *http.Transport, s *httptest.Server) {
		trust(tr, s)
		tr.ForceAttemptHTTP2 = true
	}},
	{"h2c", "HTTP/2.0", func(s *httptest.Server) {
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
	}, func(tr *http.Transport, _ *httptest.Server) {
		tr.Protocols = new(http.Protocols)
		tr.Protocols.SetUnencryptedHTTP2(true)
	}},
}

// trust has the client accept the server's certificate, and nothing else.
func trust(tr *http.Transport, s *httptest.Server) {
	tr.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	tr.ForceAttemptHTTP2 = false
	tr.TLSClientConfig.NextProtos = nil
}

// serve runs a server of a version, and returns a client of it. Both ends are of package netconn.
func (v version) serve(t *testing.T, h http.Handler) (*httptest.Server, *http.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = listen(t)
	v.start(s)
	t.Cleanup(s.Close)
	tr := transport(t)
	v.set(tr, s)
	return s, &http.Client{Transport: tr}
}

func eachVersion(t *testing.T, fn func(t *testing.T, v version)) {
	for _, v := range versions {
		t.Run(v.name, func(t *testing.T) {
			socktest.Check(t)
			fn(t, v)
		})
	}
}

func get(client *http.Client, url string) (string, error) {
	res, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	return string(body), err
}

func TestRequests(t *testing.T) {
	eachVersion(t, func(t *testing.T, v version) {
		s, client := v.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, "%s %s %s %d", r.Proto, r.Method, r.URL.Path, len(body))
		}))
		err := each(20, func(i int) error {
			for j := range 20 {
				size := i * j * 1000
				res, err := client.Post(fmt.Sprintf("%s/%d", s.URL, j), "", bytes.NewReader(make([]byte, size)))
				if err != nil {
					return err
				}
				got, err := io.ReadAll(res.Body)
				res.Body.Close()
				if want := fmt.Sprintf("%s POST /%d %d", v.proto, j, size); err != nil || string(got) != want {
					return fmt.Errorf("got %q, %v; want %q", got, err, want)
				}
			}
			return nil
		})
		must(t, err)
	})
}

// TestDownload downloads a large file, which net/http sends by the ReadFrom of the connection, and
// the same bytes from a Reader that is no file, and compares their hashes.
func TestDownload(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 32 << 20
	}
	path := filepath.Join(t.TempDir(), "large")
	want := writeFile(t, path, size)
	eachVersion(t, func(t *testing.T, v version) {
		if v.name != "HTTP1.1" {
			size = min(size, 128<<20)
		}
		s, client := v.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/file" {
				http.ServeFile(w, r, path)
				return
			}
			f, err := os.Open(path)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			defer f.Close()
			io.Copy(w, bufio.NewReader(f))
		}))
		for _, url := range []string{"/file", "/reader"} {
			res, err := client.Get(s.URL + url)
			must(t, err)
			hash := sha256.New()
			n, err := io.Copy(hash, res.Body)
			res.Body.Close()
			must(t, err)
			if got := hash.Sum(nil); !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes with another hash", url, n)
			}
			if testing.Short() || v.name == "HTTP1.1" {
				continue
			}
			break // a large one of the others once
		}
	})
}

// writeFile writes a file of random bytes, with holes, and returns its hash.
func writeFile(t *testing.T, path string, size int64) []byte {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	hash := sha256.New()
	block, source := make([]byte, 1<<20), rand.NewPCG(1, 2)
	for at := int64(0); at < size; at += int64(len(block)) {
		if at>>20%8 == 3 {
			clear(block)
		} else {
			for i := 0; i < len(block); i += 8 {
				binary.LittleEndian.PutUint64(block[i:], source.Uint64())
			}
		}
		hash.Write(block)
		_, err := f.Write(block)
		must(t, err)
	}
	return hash.Sum(nil)
}

func TestServerSentEvents(t *testing.T) {
	eachVersion(t, func(t *testing.T, v version) {
		next := make(chan string)
		gone := make(chan struct{})
		s, client := v.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(gone)
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			for {
				select {
				case text := <-next:
					fmt.Fprintf(w, "data: %s\n\n", text)
					w.(http.Flusher).Flush()
				case <-r.Context().Done():
					return
				}
			}
		}))
		res, err := client.Get(s.URL)
		must(t, err)
		r := bufio.NewReader(res.Body)
		for i := range 10 { // each is received before the next is made
			next <- fmt.Sprint(i)
			line, err := r.ReadString('\n')
			if err != nil || line != fmt.Sprintf("data: %d\n", i) {
				t.Fatalf("event %d: %q, %v", i, line, err)
			}
			r.ReadString('\n')
		}
		res.Body.Close() // and the server notices
		select {
		case <-gone:
		case <-time.After(patience):
			t.Error("the server has not noticed that the client is gone")
		}
	})
}

func TestHijack(t *testing.T) {
	socktest.Check(t)
	s, _ := versions[0].serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, ok := c.(*netconn.Conn); !ok {
			t.Errorf("a %T was hijacked", c)
		}
		io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		rw.Flush()
		io.Copy(c, rw) // echo
	}))
	c, err := dial(s.Listener.Addr().String())
	must(t, err)
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	r := bufio.NewReader(c)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "101") {
		t.Fatalf("%q, %v", line, err)
	}
	r.ReadString('\n')
	must(t, echoes(c, r, 1<<20))
	c.(*netconn.Conn).CloseWrite()
	if rest, err := io.ReadAll(r); err != nil || len(rest) != 0 {
		t.Errorf("after the half-close: %q, %v", rest, err)
	}
}

// echoes sends n bytes and reads them again.
func echoes(w io.Writer, r io.Reader, n int) error {
	want := make([]byte, n)
	for i := range want {
		want[i] = byte(i * 7)
	}
	wrote := make(chan error, 1)
	go func() {
		_, err := w.Write(want)
		wrote <- err
	}()
	got := make([]byte, n)
	_, err := io.ReadFull(r, got)
	if err := errors.Join(err, <-wrote); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("other bytes came back")
	}
	return nil
}

// TestSlowReaders has many clients that read a little of a long answer and stop. Others are served
// meanwhile, and in the end the slow ones get all.
func TestSlowReaders(t *testing.T) {
	eachVersion(t, func(t *testing.T, v version) {
		const size = 8 << 20
		long := bytes.Repeat([]byte("0123456789abcdef"), size/16)
		s, client := v.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/long" {
				w.Write(long)
				return
			}
			io.WriteString(w, "short")
		}))
		goOn := make(chan struct{})
		var began sync.WaitGroup
		began.Add(20)
		slow := make(chan error, 1)
		go func() {
			slow <- each(20, func(int) error {
				res, err := client.Get(s.URL + "/long")
				if err != nil {
					began.Done()
					return err
				}
				defer res.Body.Close()
				_, err = io.ReadFull(res.Body, make([]byte, 1000))
				began.Done()
				<-goOn
				rest, failed := io.Copy(io.Discard, res.Body)
				if err = errors.Join(err, failed); err == nil && rest != size-1000 {
					err = fmt.Errorf("%d bytes followed", rest)
				}
				return err
			})
		}()
		began.Wait()
		fast := transport(t)
		v.set(fast, s)
		must(t, each(10, func(int) error {
			for range 20 {
				if got, err := get(&http.Client{Transport: fast}, s.URL+"/"); err != nil || got != "short" {
					return fmt.Errorf("beside slow readers: %q, %v", got, err)
				}
			}
			return nil
		}))
		close(goOn)
		must(t, <-slow)
	})
}

// TestTimeouts has the server's own timeouts end slow clients.
func TestTimeouts(t *testing.T) {
	socktest.Check(t)
	s := &http.Server{
		ReadHeaderTimeout: 100 * time.Millisecond,
		IdleTimeout:       100 * time.Millisecond,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") }),
	}
	ln := listen(t)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	for name, sent := range map[string]string{
		"half a header": "GET / HTTP/1.1\r\nHost:",
		"idle":          "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		c, err := dial(ln.Addr().String())
		must(t, err)
		io.WriteString(c, sent)
		c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		c.Close()
	}
	must(t, s.Shutdown(background(t)))
	if err := <-served; err != http.ErrServerClosed {
		t.Error(err)
	}
}
