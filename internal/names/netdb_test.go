package names

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
)

func TestEntries(t *testing.T) {
	file := filepath.Join(bare.Dir(t), "services")
	text := "# a comment\n\nhttp\t80/tcp  www # the web\r\nlonely\n  indented 1/udp\nlast 2/tcp"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"http", "80/tcp", "www"}, {"indented", "1/udp"}, {"last", "2/tcp"}}
	if got := slices.Collect(entries(file, "never 1/tcp")); !reflect.DeepEqual(got, want) {
		t.Errorf("the file has %q, want %q", got, want)
	}
	for words := range entries(file, "") {
		if words[0] != "http" {
			t.Errorf("it goes on after the loop has ended: %q", words)
		}
		break
	}
	if err := os.WriteFile(file, []byte("# "+strings.Repeat("x", 1<<17)+"\nbehind 1/tcp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Collect(entries(file, "")), [][]string{{"behind", "1/tcp"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("behind a long line there is %q, want %q", got, want)
	}
	want = [][]string{{"built-in", "1/tcp"}}
	if got := slices.Collect(entries(file+".not", "built-in 1/tcp\n")); !reflect.DeepEqual(got, want) {
		t.Errorf("without a file there is %q, want %q", got, want)
	}
}

func TestCommonTables(t *testing.T) {
	for words := range entries("", commonServices) {
		port, proto, ok := strings.Cut(words[1], "/")
		if n, err := strconv.ParseUint(port, 10, 16); !ok || err != nil || n == 0 || proto != "tcp" && proto != "udp" {
			t.Errorf("service %q", words)
		}
	}
	for words := range entries("", commonProtocols) {
		if _, err := strconv.ParseUint(words[1], 10, 8); err != nil {
			t.Errorf("protocol %q", words)
		}
	}
}
