package sock_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// eachView runs scenario once for each view. in calls a function with the views of a goroutine, of
// a context, or of a task; for a task it runs in that task.
func eachView(t *testing.T, scenario func(t *testing.T, in func(func(view func(*sock.Socket) *sock.Socket)))) {
	views := map[string]func(func(func(*sock.Socket) *sock.Socket)){
		"goroutine": func(fn func(func(*sock.Socket) *sock.Socket)) { fn(func(s *sock.Socket) *sock.Socket { return s }) },
		"context": func(fn func(func(*sock.Socket) *sock.Socket)) {
			fn(func(s *sock.Socket) *sock.Socket { return s.With(t.Context()) })
		},
		"task": func(fn func(func(*sock.Socket) *sock.Socket)) {
			inTask(t, func(task *loop.Task) error {
				fn(func(s *sock.Socket) *sock.Socket { return s.In(task) })
				return nil
			})
		},
	}
	for name, in := range views {
		t.Run(name, func(t *testing.T) {
			socktest.Check(t)
			scenario(t, in)
		})
	}
}

// This is what package io and its users do with a stream: bufio, encoding/json, io.Copy.
func TestStream(t *testing.T) {
	eachView(t, func(t *testing.T, in func(func(func(*sock.Socket) *sock.Socket))) {
		for _, kind := range socktest.Streams {
			a, b := kind.Pair(t)
			peer := socktest.Start(func() error { // a line, a value, and then everything that comes, once more
				r := bufio.NewReader(b)
				line, err := r.ReadString('\n')
				if err != nil || line != "line\n" {
					return errors.Join(err, errors.New("got "+line))
				}
				if err := json.NewEncoder(b).Encode(map[string]int{"n": 7}); err != nil {
					return err
				}
				_, err = io.Copy(b, r)
				return errors.Join(err, b.Shutdown(sock.SHUT_WR))
			})
			in(func(view func(*sock.Socket) *sock.Socket) { useStream(t, kind.Name, view(a)) })
			if err := peer.Wait(t); err != nil {
				t.Errorf("%s: the peer: %v", kind.Name, err)
			}
		}
	})
}

// useStream is the half of TestStream that waits in the view s.
func useStream(t *testing.T, kind string, s *sock.Socket) {
	if n, err := io.WriteString(s, "line\n"); n != 5 || err != nil {
		t.Errorf("%s: %d, %v", kind, n, err)
	}
	var v struct{ N int }
	if err := json.NewDecoder(s).Decode(&v); err != nil || v.N != 7 {
		t.Errorf("%s: %v, %v", kind, v, err)
	}
	want := bytes.Repeat([]byte("all that comes "), 1000)
	if n, err := io.Copy(s, bytes.NewReader(want)); n != int64(len(want)) || err != nil {
		t.Errorf("%s: sent %d, %v", kind, n, err)
	}
	if err := s.Shutdown(sock.SHUT_WR); err != nil {
		t.Error(err)
	}
	var got bytes.Buffer
	if n, err := io.Copy(&got, s); n != int64(len(want)) || err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s: received %d, %v", kind, n, err)
	}
	if n, err := s.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%s: the end: %d, %v", kind, n, err)
	}
	if p, err := s.Recv(1, 0); len(p) != 0 || err != nil {
		t.Errorf("%s: Recv at the end: %q, %v", kind, p, err)
	}
	if n, err := s.Read(nil); n != 0 || err != nil {
		t.Errorf("%s: Read into nothing: %d, %v", kind, n, err)
	}
}

// A file goes by Sendfile from its present position, whole or limited, also through io.Copy and
// io.CopyN.
func TestStreamOfAFile(t *testing.T) {
	path := filepath.Join(socktest.Dir(t), "file")
	content := strings.Repeat("0123456789", 10_000)
	socktest.Must(t, os.WriteFile(path, []byte(content), 0o600))
	eachView(t, func(t *testing.T, in func(func(func(*sock.Socket) *sock.Socket))) {
		for name, send := range map[string]func(*sock.Socket, *os.File) (int64, error){
			"io.Copy":  func(s *sock.Socket, f *os.File) (int64, error) { return io.Copy(s, f) },
			"ReadFrom": func(s *sock.Socket, f *os.File) (int64, error) { return s.ReadFrom(f) },
			"io.CopyN": func(s *sock.Socket, f *os.File) (int64, error) { return io.CopyN(s, f, int64(len(content)-20)) },
			"hidden": func(s *sock.Socket, f *os.File) (int64, error) {
				return s.ReadFrom(iotest.OneByteReader(io.LimitReader(f, 30)))
			},
			"none": func(s *sock.Socket, f *os.File) (int64, error) { return s.ReadFrom(io.LimitReader(f, 0)) },
		} {
			want := content[10:]
			switch name {
			case "io.CopyN":
				want = want[:len(content)-20]
			case "hidden":
				want = want[:30]
			case "none":
				want = ""
			}
			a, b := socktest.TCP.Pair(t)
			file, err := os.Open(path)
			socktest.Must(t, err)
			if _, err := file.Seek(10, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			var got []byte
			call := socktest.Start(func() (err error) { got, err = io.ReadAll(b); return err })
			var n int64
			in(func(view func(*sock.Socket) *sock.Socket) { n, err = send(view(a), file) })
			at, _ := file.Seek(0, io.SeekCurrent)
			socktest.Must(t, file.Close())
			socktest.Must(t, a.Close())
			if failed := call.Wait(t); n != int64(len(want)) || err != nil || failed != nil || string(got) != want {
				t.Errorf("%s: %d bytes of %d, %v; the peer has %d, %v", name, n, len(want), err, len(got), failed)
			}
			if at != int64(10+len(want)) {
				t.Errorf("%s: the file stands at %d", name, at)
			}
		}
	})
}

// One socket is copied to another, as in a proxy.
func TestStreamToStream(t *testing.T) {
	eachView(t, func(t *testing.T, in func(func(func(*sock.Socket) *sock.Socket))) {
		client, front := socktest.TCP.Pair(t)
		back, server := socktest.LocalStream.Pair(t)
		want := bytes.Repeat([]byte("to the other side "), 20_000)
		var got []byte
		reading := socktest.Start(func() (err error) { got, err = io.ReadAll(server); return err })
		writing := socktest.Start(func() error {
			_, err := client.Write(want)
			return errors.Join(err, client.Close())
		})
		var n int64
		var err error
		in(func(view func(*sock.Socket) *sock.Socket) { n, err = io.Copy(view(back), view(front)) })
		socktest.Must(t, back.Close())
		if err := errors.Join(err, writing.Wait(t), reading.Wait(t)); n != int64(len(want)) || err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d of %d bytes, %v", n, len(want), err)
		}
	})
}

// An error of the other side ends a copy, and its count is the number of the bytes that were sent.
func TestStreamFails(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	broken := errors.New("broken")
	if n, err := a.ReadFrom(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken))); n != 3 || err != broken {
		t.Errorf("%d, %v", n, err)
	}
	socktest.AwaitReadable(t, b)
	if n, err := b.WriteTo(shortWriter{}); n != 1 || err != io.ErrShortWrite {
		t.Errorf("%d, %v", n, err)
	}
	socktest.Must(t, b.SetTimeout(time.Millisecond))
	if n, err := b.WriteTo(io.Discard); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := b.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
	socktest.Must(t, b.SetTimeout(0))
	if n, err := b.Read(make([]byte, 1)); n != 0 || err != sock.ErrWouldBlock {
		t.Errorf("%d, %v", n, err)
	}
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return 1, nil }

// A datagram is one Read and one Write. An empty datagram is not the end.
func TestStreamOfDatagrams(t *testing.T) {
	socktest.Each(t, socktest.Datagrams, func(t *testing.T, kind socktest.Kind) {
		a, b := kind.Pair(t)
		for _, want := range []string{"datagram", "", strings.Repeat("x", 2000)} { // 2048 is the limit of macOS and the BSDs for AF_UNIX
			if n, err := a.Write([]byte(want)); n != len(want) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
			p := make([]byte, 3000)
			if n, err := b.Read(p); string(p[:n]) != want || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
		}
	})
}
