// Package families has no code, only tests: of each address family with real bytes through the
// kernel that has it. README.md of the folder above says how to run them where this kernel lacks
// some.
package families
