package examples_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// startFileserver serves a folder, and returns the address.
func startFileserver(t *testing.T, folder string) string {
	t.Helper()
	addr, _ := startServer(t, "fileserver", "127.0.0.1:0", folder)
	return addr
}

// TestFileserver gets files unchanged, and gets nothing outside the folder.
func TestFileserver(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // more than any buffer holds
	for name, content := range map[string][]byte{
		"secret":             []byte("secret"),
		"folder/small":       []byte("hello"),
		"folder/empty":       nil,
		"folder/sub/large":   large,
		"folder/a name, too": []byte("x"),
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	links := os.Symlink(filepath.Join(dir, "secret"), filepath.Join(folder, "link")) == nil
	addr := startFileserver(t, folder)
	for _, tt := range []struct {
		name, request string
		status        int
		body          []byte
	}{
		{"small", "GET /small HTTP/1.0\r\n\r\n", 200, []byte("hello")},
		{"of HTTP/1.1", "GET /small HTTP/1.1\r\nHost: x\r\n\r\n", 200, []byte("hello")},
		{"empty", "GET /empty HTTP/1.0\r\n\r\n", 200, nil},
		{"large", "GET /sub/large HTTP/1.0\r\n\r\n", 200, large},
		{"escaped", "GET /a%20name%2C%20too HTTP/1.0\r\n\r\n", 200, []byte("x")},
		{"query", "GET /small?q HTTP/1.0\r\n\r\n", 200, []byte("hello")},
		{"head", "HEAD /small HTTP/1.0\r\n\r\n", 200, nil},
		{"missing", "GET /none HTTP/1.0\r\n\r\n", 404, nil},
		{"folder", "GET /sub HTTP/1.0\r\n\r\n", 404, nil},
		{"the folder", "GET / HTTP/1.0\r\n\r\n", 404, nil},
		{"dots", "GET /../secret HTTP/1.0\r\n\r\n", 404, nil},
		{"escaped dots", "GET /%2e%2e/secret HTTP/1.0\r\n\r\n", 404, nil},
		{"dots inside", "GET /sub/../../secret HTTP/1.0\r\n\r\n", 404, nil},
		{"absolute", "GET /" + filepath.Join(dir, "secret") + " HTTP/1.0\r\n\r\n", 404, nil},
		{"link out of it", "GET /link HTTP/1.0\r\n\r\n", 404, nil},
		{"other method", "PUT /small HTTP/1.0\r\nContent-Length: 0\r\n\r\n", 405, nil},
		{"no request", "hello\r\n\r\n", 400, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.HasPrefix(tt.name, "link") && !links {
				t.Skip("until the system makes symbolic links")
			}
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(long))
			if _, err := io.WriteString(c, tt.request); err != nil {
				t.Fatal(err)
			}
			method, _, _ := strings.Cut(tt.request, " ")
			answer, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			if answer.StatusCode != tt.status || !bytes.Equal(body, tt.body) || err != nil {
				t.Errorf("%s with %d bytes, %v; want %d with %d", answer.Status, len(body), err, tt.status, len(tt.body))
			}
		})
	}

	t.Run("many at once", func(t *testing.T) {
		var all sync.WaitGroup
		client := http.Client{Timeout: long}
		for range 20 {
			all.Go(func() {
				answer, err := client.Get(fmt.Sprintf("http://%s/sub/large", addr))
				if err != nil {
					t.Error(err)
					return
				}
				defer answer.Body.Close()
				if body, err := io.ReadAll(answer.Body); !bytes.Equal(body, large) || err != nil {
					t.Errorf("%d bytes, %v", len(body), err)
				}
			})
		}
		all.Wait()
	})

	t.Run("curl", func(t *testing.T) {
		curl, err := exec.LookPath("curl")
		if err != nil {
			t.Skip("until curl is installed:", err)
		}
		out, err := exec.Command(curl, "-sS", "--noproxy", "*", "--max-time", "20", "http://"+addr+"/small").CombinedOutput()
		if string(out) != "hello" || err != nil {
			t.Errorf("curl said %q, %v", out, err)
		}
	})
}
