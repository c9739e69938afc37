// Package store is the data of a small Redis server, and its commands.
package store

import (
	"fmt"
	"strconv"

	"github.com/polluxio/pollux/sock/protocol/resp"
)

// A Store is the data that the commands work on. It belongs to one loop.
type Store struct{ values map[string]*value }

// A value is changed where it is, so that a command that sets it anew allocates nothing.
type value struct{ b []byte }

// New makes an empty store.
func New() *Store { return &Store{make(map[string]*value)} }

// mostAnswers is the number of bytes above which Serve leaves the next commands to a later call. A
// few bytes ask for a long value, so the answers to one buffer could need any amount of memory.
const mostAnswers = 64 << 10

// Serve runs the commands that p holds whole, and appends their answers to out, up to mostAnswers
// bytes and one answer. used is how much of p they have. After an error, whose answer is in out
// too, the connection has to end.
func (s *Store) Serve(out, p []byte) (answers []byte, used int, err error) {
	var room [4][]byte // no command here has more strings
	for used < len(p) && len(out) < mostAnswers {
		command, n, err := resp.Limits{Inline: true}.Parse(room[:0], p[used:])
		if err != nil {
			return resp.AppendError(out, "ERR Protocol error: "+err.Error()), used, err
		}
		if n == 0 {
			break
		}
		used, out = used+n, s.do(out, command)
	}
	return out, used, nil
}

// do runs a command and appends its answer to out.
func (s *Store) do(out []byte, command [][]byte) []byte {
	if len(command) == 0 {
		return out // as in Redis
	}
	var room [16]byte
	name := room[:copy(room[:], command[0])]
	for i, b := range name {
		if 'a' <= b && b <= 'z' {
			name[i] = b - 'a' + 'A'
		}
	}
	args := command[1:]
	switch {
	case string(name) == "PING" && len(args) == 0:
		return resp.AppendSimple(out, "PONG")
	case (string(name) == "PING" || string(name) == "ECHO") && len(args) == 1:
		return resp.AppendBulk(out, args[0])
	case string(name) == "SET" && len(args) == 2:
		v := s.values[string(args[0])]
		if v == nil {
			v = new(value)
			s.values[string(args[0])] = v
		}
		v.b = append(v.b[:0], args[1]...)
		return resp.AppendSimple(out, "OK")
	case string(name) == "GET" && len(args) == 1:
		if v := s.values[string(args[0])]; v != nil {
			return resp.AppendBulk(out, v.b)
		}
		return resp.AppendNull(out)
	case string(name) == "DEL" && len(args) == 1:
		before := len(s.values)
		delete(s.values, string(args[0]))
		return resp.AppendInt(out, int64(before-len(s.values)))
	case string(name) == "INCR" && len(args) == 1:
		v := s.values[string(args[0])]
		if v == nil {
			v = &value{[]byte("0")}
		}
		n, err := strconv.ParseInt(string(v.b), 10, 64)
		if err != nil || n+1 < n {
			return resp.AppendError(out, "ERR value is not an integer or out of range")
		}
		v.b = strconv.AppendInt(v.b[:0], n+1, 10)
		s.values[string(args[0])] = v
		return resp.AppendInt(out, n+1)
	}
	return resp.AppendError(out, fmt.Sprintf("ERR unknown command '%s', or the wrong number of arguments", command[0]))
}
