package examples_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
)

// startServer builds and starts a program that prints its listening address. It returns the address
// and the rest of the program's output. The program ends with the test.
func startServer(t *testing.T, name string, args ...string) (addr string, out *bufio.Reader) {
	t.Helper()
	built(t, name)
	server := program(t, name, args...)
	server.Stderr = os.Stderr
	stdout, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	out = bufio.NewReader(stdout)
	line, _ := out.ReadString('\n')
	said := regexp.MustCompile(`(?:Listening on |laddr=)([^\s>]+)`).FindStringSubmatch(line)
	if said == nil {
		t.Fatalf("%s said %q, want its address", name, line)
	}
	addr = said[1]
	return addr, out
}

// TestHTTPS gets a file by both versions of HTTP.
func TestHTTPS(t *testing.T) {
	folder := t.TempDir()
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	if err := os.WriteFile(filepath.Join(folder, "file"), want, 0o666); err != nil {
		t.Fatal(err)
	}
	addr, _ := startServer(t, "https", "127.0.0.1:0", folder)
	for version, protocols := range map[int]func(*http.Protocols){
		1: func(p *http.Protocols) { p.SetHTTP1(true) },
		2: func(p *http.Protocols) { p.SetHTTP2(true) },
	} {
		transport := &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the server has made the certificate itself
			Protocols:       new(http.Protocols),
		}
		protocols(transport.Protocols)
		client := &http.Client{Transport: transport, Timeout: long}
		res, err := client.Get("https://" + addr + "/file")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.ProtoMajor != version || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", res.Proto, len(got), err)
		}
		client.CloseIdleConnections()
	}
}

// TestHTTPSPrograms gets a file with programs of other people: by curl in each version of TLS and
// of HTTP, and by openssl.
func TestHTTPSPrograms(t *testing.T) {
	folder := t.TempDir()
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	if err := os.WriteFile(filepath.Join(folder, "file"), want, 0o666); err != nil {
		t.Fatal(err)
	}
	addr, _ := startServer(t, "https", "127.0.0.1:0", folder)
	for _, flags := range [][]string{
		{"--tlsv1.3", "--http1.1"}, {"--tlsv1.3", "--http2"}, {"--tlsv1.2", "--tls-max", "1.2", "--http1.1"}, {"--tlsv1.2", "--tls-max", "1.2", "--http2"},
	} {
		t.Run("curl "+strings.Join(flags, " "), func(t *testing.T) {
			if _, err := exec.LookPath("curl"); err != nil {
				t.Skipf("%v: install the package curl to run this", err)
			}
			out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-sSk", "-w", " %{http_version}", "https://" + addr + "/file"}, flags...)...).CombinedOutput()
			version := map[string]string{"--http1.1": " 1.1", "--http2": " 2"}[flags[len(flags)-1]]
			if err != nil || string(out) != string(want)+version {
				t.Errorf("%d bytes, %v: %.100s", len(out), err, out)
			}
		})
	}
	t.Run("openssl", func(t *testing.T) {
		if _, err := exec.LookPath("openssl"); err != nil {
			t.Skipf("%v: install the package openssl to run this", err)
		}
		client := exec.CommandContext(t.Context(), "openssl", "s_client", "-quiet", "-connect", addr)
		client.Stdin = strings.NewReader("GET /file HTTP/1.0\r\nHost: localhost\r\n\r\n")
		out, err := client.Output()
		_, body, ok := strings.Cut(string(out), "\r\n\r\n")
		if err != nil || !ok || body != string(want) {
			t.Errorf("%d bytes, %v", len(out), err)
		}
	})
}

// TestProxy carries connections from one family to another, with the half-close in the middle, and
// counts the bytes.
func TestProxy(t *testing.T) {
	for _, tt := range []struct{ from, to string }{
		{"tcp:127.0.0.1:0", "tcp"},
		{"tcp:127.0.0.1:0", "unix"},
		{"unix:", "tcp"},
		{"unix:", "unix"},
		{"unixpacket:", "unixpacket"},
	} {
		t.Run(tt.from+" "+tt.to, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(tt.from+tt.to, "unix") {
				t.Skip("not run here yet: AF_UNIX of windows")
			}
			dir := t.TempDir()
			target := "127.0.0.1:0"
			if tt.to != "tcp" {
				target = filepath.Join(dir, "target")
			}
			ln, err := net.Listen(tt.to, target)
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			from := tt.from
			if strings.HasSuffix(from, ":") {
				from += filepath.Join(dir, "proxy")
			}
			addr, out := startServer(t, "proxy", "-from", from, "-to", tt.to+":"+ln.Addr().String())

			question, answer := strings.Repeat("question", 10_000), strings.Repeat("answer", 20_000)
			served := make(chan error, 1)
			go func() { // answers after the question has ended
				served <- func() error {
					c, err := ln.Accept()
					if err != nil {
						return err
					}
					defer c.Close()
					got, err := io.ReadAll(packets(c))
					if err != nil || string(got) != question {
						return fmt.Errorf("the question has %d bytes, %v", len(got), err)
					}
					return write(c, answer)
				}()
			}()
			network, _, _ := strings.Cut(tt.from, ":")
			client, err := netconn.Dial(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			client.SetDeadline(time.Now().Add(long))
			if err := write(client, question); err != nil {
				t.Fatal(err)
			}
			if err := client.(*netconn.Conn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(packets(client))
			if err != nil || string(got) != answer {
				t.Errorf("the answer has %d bytes, %v", len(got), err)
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
			line, _ := out.ReadString('\n')
			if want := fmt.Sprintf("%d bytes there, %d bytes back\n", len(question), len(answer)); !strings.HasSuffix(line, want) {
				t.Errorf("it printed %q, want %q", line, want)
			}
		})
	}
}

// packets returns a reader that has room for a whole packet in each read.
func packets(c io.Reader) io.Reader { return bufio.NewReaderSize(c, 4096) }

// write writes text in pieces that fit into a packet.
func write(c io.Writer, text string) error {
	for len(text) > 0 {
		n := min(len(text), 1000)
		if _, err := io.WriteString(c, text[:n]); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}
