// Fileserver serves the files of a folder by HTTP/1.0, with a goroutine for each connection and
// Sendfile for each file.
//
//	go run ./examples/fileserver 127.0.0.1:8000 .
//	curl http://127.0.0.1:8000/go.mod
//
// A path that leaves the folder, by dots or by a link, is not found. Port 0 selects a free port.
//
// Needs: any system.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
)

const (
	longestRequest = 8 << 10
	patience       = 30 * time.Second // for each wait on a client
)

func main() {
	at, folder := "127.0.0.1:8000", "."
	if len(os.Args) > 1 {
		at = os.Args[1]
	}
	if len(os.Args) > 2 {
		folder = os.Args[2]
	}
	root, err := os.OpenRoot(folder)
	check(err)
	addr, err := families.Parse(at)
	check(err)
	ln, err := sock.CreateServer(addr, nil)
	check(err)
	addr, err = ln.Getsockname()
	check(err)
	fmt.Println("Listening on", addr)
	for {
		c, from, err := ln.Accept()
		check(err)
		go func() {
			defer c.Close()
			if err := serve(c, root); err != nil {
				log.Printf("%v: %v", from, err)
			}
		}()
	}
}

// serve answers one request.
func serve(c *sock.Socket, root *os.Root) error {
	if err := c.SetTimeout(patience); err != nil {
		return err
	}
	in, err := c.Makefile("rb", 0)
	if err != nil {
		return err
	}
	defer in.Close()
	request, err := http.ReadRequest(bufio.NewReader(io.LimitReader(in, longestRequest)))
	switch {
	case err != nil:
		return answer(c, http.StatusBadRequest, 0)
	case request.Method != http.MethodGet && request.Method != http.MethodHead:
		return answer(c, http.StatusMethodNotAllowed, 0)
	}
	name := strings.TrimPrefix(request.URL.Path, "/")
	info, err := root.Stat(name) // first: opening a pipe would wait for its writer
	if err != nil || !info.Mode().IsRegular() {
		return answer(c, http.StatusNotFound, 0)
	}
	f, err := root.Open(name)
	if err != nil {
		return answer(c, http.StatusNotFound, 0)
	}
	defer f.Close()
	if err := answer(c, http.StatusOK, info.Size()); err != nil || info.Size() == 0 || request.Method == http.MethodHead {
		return err
	}
	_, err = c.Sendfile(f, 0, info.Size()) // no more than that, if the file grows
	return err
}

// answer sends the head of an answer, for a body of size bytes.
func answer(c *sock.Socket, status int, size int64) error {
	_, err := c.Sendall(fmt.Appendf(nil, "HTTP/1.0 %d %s\r\nContent-Length: %d\r\n\r\n", status, http.StatusText(status), size), 0)
	return err
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
