package resp_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock/protocol/resp"
)

func TestParse(t *testing.T) {
	small := resp.Limits{Args: 2, Bytes: 32}
	for _, tt := range []struct {
		in   string
		want string // the strings, with a bar behind each
		bad  bool
	}{
		{"*1\r\n$4\r\nPING\r\n", "PING|", false},
		{"*2\r\n$0\r\n\r\n$2\r\n\r\n\r\n", "|\r\n|", false},
		{"*0\r\n", "", false},
		{"*000000000001\r\n$1\r\nA\r\n", "A|", false},
		{"*2\r\n$4\r\nECHO\r\n$12\r\n0123456789ab\r\n", "", true}, // 33 bytes
		{"*2\r\n$3\r\nGET\r\n$12\r\n0123456789ab\r\n", "GET|0123456789ab|", false},
		{"PING\r\n", "", true},
		{"*-1\r\n", "", true},
		{"*\r\n", "", true},
		{"*1\r\r", "", true},
		{"*1\n", "", true},
		{"*3\r\n", "", true},
		{"*1\r\n:4\r\n", "", true},
		{"*1\r\n$-1\r\n", "", true},
		{"*1\r\n$99999999999999999999999999\r\n", "", true},
		{"*1\r\n$1\r\nABC\r\n", "", true},
		{"*1\r\n$1\r\nA\rC", "", true},
	} {
		behind := "*1\r\n$3"
		command, used, err := small.Parse(nil, []byte(tt.in+behind))
		if text := slices.Concat(command...); tt.bad {
			var e *resp.ProtocolError
			if !errors.As(err, &e) || used != 0 || len(command) != 0 || e.At > len(tt.in) {
				t.Errorf("%q: %q, %d, %v; want an error", tt.in, text, used, err)
			}
			continue
		}
		var got strings.Builder
		for _, s := range command {
			got.WriteString(string(s) + "|")
		}
		if got.String() != tt.want || used != len(tt.in) || err != nil {
			t.Errorf("%q: %q, %d, %v", tt.in, got.String(), used, err)
		}
		for n := range len(tt.in) { // it arrives in parts
			if command, used, err := small.Parse(nil, []byte(tt.in[:n])); len(command) != 0 || used != 0 || err != nil {
				t.Errorf("%q: %q, %d, %v", tt.in[:n], command, used, err)
			}
		}
	}
}

// Inline commands are read only if that is wanted, and have the limits of the others.
func TestInline(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string // nil: an error
	}{
		{"PING\r\n", []string{"PING"}},
		{" set  k\tv\u00a0w \n", []string{"set", "k", "v\u00a0w"}},
		{"\r\n", []string{}},
		{"a b c d\n", nil},
		{strings.Repeat("x", 40), nil},
		{strings.Repeat("x", 40) + "\n", nil},
		{"*1\n", nil},
	} {
		command, used, err := resp.Limits{Args: 3, Bytes: 32, Inline: true}.Parse(nil, []byte(tt.in))
		if tt.want == nil {
			if e := new(*resp.ProtocolError); !errors.As(err, e) || used != 0 || len(command) != 0 {
				t.Errorf("%q: %q, %d, %v; want an error", tt.in, command, used, err)
			}
			continue
		}
		got := []string{}
		for _, s := range command {
			got = append(got, string(s))
		}
		if !slices.Equal(got, tt.want) || used != len(tt.in) || err != nil {
			t.Errorf("%q: %q, %d, %v", tt.in, got, used, err)
		}
		if command, used, err := (resp.Limits{Inline: true}).Parse(nil, []byte(tt.in[:len(tt.in)-1])); len(command) != 0 || used != 0 || err != nil {
			t.Errorf("a part of %q: %q, %d, %v", tt.in, command, used, err)
		}
	}
}

func TestAppend(t *testing.T) {
	var b []byte
	b = resp.AppendSimple(b, "OK")
	b = resp.AppendError(b, "ERR a\r\nb")
	b = resp.AppendInt(b, -7)
	b = resp.AppendBulk(b, "")
	b = resp.AppendBulk(b, []byte("a\r\n"))
	b = resp.AppendNull(b)
	if got, want := string(b), "+OK\r\n-ERR a  b\r\n:-7\r\n$0\r\n\r\n$3\r\na\r\n\r\n$-1\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A command that was appended is the command that is parsed, and what follows it does not matter.
// Other bytes give no command beyond them.
func FuzzParse(f *testing.F) {
	for _, in := range []string{
		"*1\r\n$4\r\nPING\r\n", "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "*0\r\n", "*-5\r\n",
		"*1\r\n$99999999\r\n", "$1", "*\r\n", "*1\r\r", "*00000000000000000000000001\r\n", "*2\r\n$4\r\necho\r\n$0\r\n\r\n",
	} {
		f.Add([]byte(in), "a b")
	}
	f.Fuzz(func(t *testing.T, p []byte, words string) {
		if command, used, err := (resp.Limits{}).Parse(nil, p); used < 0 || used > len(p) || used == 0 && len(command) > 0 || err != nil && used > 0 {
			t.Fatalf("%q, %d of %d, %v", command, used, len(p), err)
		}
		args := strings.Fields(words)
		if len(args) > 1024 || len(words) > 1<<19 {
			return
		}
		sent := resp.AppendCommand(nil, args...)
		command, used, err := resp.Limits{}.Parse(nil, append(slices.Clip(sent), p...))
		if used != len(sent) || err != nil || len(command) != len(args) {
			t.Fatalf("%q became %q, %d, %v", args, command, used, err)
		}
		for i, s := range command {
			if string(s) != args[i] {
				t.Fatalf("%q became %q", args, command)
			}
		}
	})
}
