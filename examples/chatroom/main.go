// Chatroom is a TCP chat with callbacks. Each client has bounded memory and an idle timeout.
//
// Needs: any system.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/polluxio/pollux/sock"
)

const maxLine, maxPending = 1 << 10, 64 << 10 // the most bytes that are kept for one client
var listen, idle = flag.String("listen", "127.0.0.1:7000", "HOST:PORT"), flag.Duration("idle", 5*time.Minute, "of silence")

// A room and its members are on one loop, so it needs no lock. It is the handler of the listener.
type room struct {
	members map[*sock.Socket]*member
	buffer  []byte // all members receive into it
}

func (r *room) Readable(ln *sock.Socket) {
	for s, _, err := ln.Accept(); err == nil; s, _, err = ln.Accept() {
		r.members[s] = &member{room: r}
		s.SetReadDeadline(time.Now().Add(*idle))
		s.Watch(ln.Loop(), r.members[s])
	}
}
func (r *room) Writable(*sock.Socket)            {}
func (r *room) Closed(_ *sock.Socket, err error) { log.Fatal(err) }

type member struct {
	room    *room
	in, out []byte // the start of a line; the bytes still to send
}

func (m *member) Readable(s *sock.Socket) {
	n, err := s.RecvInto(m.room.buffer, 0)
	m.in = append(m.in, m.room.buffer[:n]...)
	end := bytes.LastIndexByte(m.in, '\n') + 1
	if errors.Is(err, sock.ErrWouldBlock) {
		return
	} else if err != nil || n == 0 || len(m.in)-end > maxLine {
		s.Close() // an error, the deadline, the end of the stream, or a line that is too long
		return
	}
	s.SetReadDeadline(time.Now().Add(*idle))
	for other, o := range m.room.members {
		if other != s {
			o.out = append(o.out, m.in[:end]...)
			o.Writable(other)
		}
	}
	m.in = append(m.in[:0], m.in[end:]...)
}
func (m *member) Writable(s *sock.Socket) {
	n, err := s.Sendall(m.out, 0)
	m.out = append(m.out[:0], m.out[n:]...)
	if len(m.out) > maxPending || err != nil && !errors.Is(err, sock.ErrWouldBlock) {
		s.Close()
	}
}
func (m *member) Closed(s *sock.Socket, _ error) { delete(m.room.members, s) }

func main() {
	flag.Parse()
	ln, err := sock.Listen("tcp:"+*listen, nil)
	if err == nil {
		err = ln.Watch(nil, &room{map[*sock.Socket]*member{}, make([]byte, 4096)})
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ln)
	select {}
}
