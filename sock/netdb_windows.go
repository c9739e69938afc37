package sock

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

func servicesFile() string  { return etc("services") }
func protocolsFile() string { return etc("protocol") } // not protocols
func hostsFile() string     { return etc("hosts") }

// etc is a file below %SystemRoot%\System32\drivers\etc, "" if nobody knows where that is.
func etc(name string) string {
	system32, err := windows.GetSystemDirectory()
	if err != nil {
		return ""
	}
	return filepath.Join(system32, "drivers", "etc", name)
}
