// Package store is the data of a small Redis server, and its commands in RESP.
package store

import (
	"fmt"
	"strconv"
)

// A Store is the data that the commands work on. It belongs to one loop.
type Store struct{ values map[string]*value }

// A value is changed where it is, so that a command that sets it anew allocates nothing.
type value struct{ b []byte }

// New makes an empty store.
func New() *Store { return &Store{make(map[string]*value)} }

// errProtocol reads as a Redis server has it, after "ERR ".
var errProtocol error = redisError("Protocol error")

type redisError string

func (e redisError) Error() string { return string(e) }

const mostArgs, mostBytes = 1024, 1 << 20 // of a command

// Serve runs the commands that p holds whole, and appends their answers to out. used is how much of
// p they have. After an error, whose answer is in out too, the connection has to end.
func (s *Store) Serve(out, p []byte) (answers []byte, used int, err error) {
	var cmd command
	for used < len(p) {
		n, err := cmd.parse(p[used:])
		if err != nil {
			return fmt.Appendf(out, "-ERR %v\r\n", err), used, err
		}
		if n == 0 {
			break
		}
		used, out = used+n, s.do(out, &cmd)
	}
	return out, used, nil
}

// number reads a line with a mark and a number, such as *3 or $5.
func number(p []byte, mark byte) (v, used int, err error) {
	if len(p) == 0 {
		return 0, 0, nil
	}
	i := 1
	for i < len(p) && '0' <= p[i] && p[i] <= '9' && v <= mostBytes && i < 20 {
		v = v*10 + int(p[i]-'0')
		i++
	}
	switch {
	case p[0] != mark, i < len(p) && p[i] != '\r', i+1 < len(p) && (i == 1 || p[i+1] != '\n'):
		return 0, 0, errProtocol
	case i+1 < len(p):
		return v, i + 2, nil
	}
	return 0, 0, nil
}

// A command is the first strings of one, mostly all of them.
type command [4][]byte

// parse reads a command: an array of strings, which are part of p. used is 0 if p does not hold the
// whole command.
func (cmd *command) parse(p []byte) (used int, err error) {
	n, at, err := number(p, '*')
	if err != nil || at == 0 {
		return 0, err
	}
	if n > mostArgs {
		return 0, errProtocol
	}
	*cmd = command{}
	for i := range n {
		size, k, err := number(p[at:], '$')
		if err != nil || k == 0 {
			return 0, err
		}
		if size > mostBytes-at-k-2 {
			return 0, errProtocol
		}
		at += k
		if len(p) < at+size+2 {
			return 0, nil
		}
		if i < len(cmd) {
			cmd[i] = p[at : at+size : at+size]
		}
		at += size + 2
	}
	return at, nil
}

// do runs a command and appends its answer to out.
func (s *Store) do(out []byte, cmd *command) []byte {
	var room [16]byte
	name := room[:copy(room[:], cmd[0])]
	for i, b := range name {
		if 'a' <= b && b <= 'z' {
			name[i] = b - 'a' + 'A'
		}
	}
	switch {
	case string(name) == "PING" && cmd[1] == nil:
		return append(out, "+PONG\r\n"...)
	case string(name) == "PING" || string(name) == "ECHO" && cmd[1] != nil:
		return bulk(out, cmd[1])
	case string(name) == "SET" && cmd[2] != nil:
		v := s.values[string(cmd[1])]
		if v == nil {
			v = new(value)
			s.values[string(cmd[1])] = v
		}
		v.b = append(v.b[:0], cmd[2]...)
		return append(out, "+OK\r\n"...)
	case string(name) == "GET" && cmd[1] != nil:
		if v := s.values[string(cmd[1])]; v != nil {
			return bulk(out, v.b)
		}
		return append(out, "$-1\r\n"...)
	case string(name) == "DEL" && cmd[1] != nil:
		before := len(s.values)
		delete(s.values, string(cmd[1]))
		return integer(out, int64(before-len(s.values)))
	case string(name) == "INCR" && cmd[1] != nil:
		v := s.values[string(cmd[1])]
		if v == nil {
			v = &value{[]byte("0")}
		}
		n, err := strconv.ParseInt(string(v.b), 10, 64)
		if err != nil || n+1 < n {
			return append(out, "-ERR value is not an integer or out of range\r\n"...)
		}
		v.b = strconv.AppendInt(v.b[:0], n+1, 10)
		s.values[string(cmd[1])] = v
		return integer(out, n+1)
	}
	return fmt.Appendf(out, "-ERR unknown command '%s', or the wrong number of arguments\r\n", cmd[0])
}

func integer(out []byte, n int64) []byte {
	return append(strconv.AppendInt(append(out, ':'), n, 10), "\r\n"...)
}

// bulk appends a string.
func bulk(out, v []byte) []byte {
	out = append(strconv.AppendInt(append(out, '$'), int64(len(v)), 10), "\r\n"...)
	return append(append(out, v...), "\r\n"...)
}
