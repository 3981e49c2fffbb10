import { arch } from 'node:process'

/**
 * A program that does nothing, as an ELF file of some 140 bytes: it takes no notice of its arguments, whatever they
 * are, needs no library, and costs a few pages. So a process can be had for any command line there is.
 */
export function idleProgram(): Buffer {
  const code = machineCode[arch]
  if (code === undefined) throw new Error(`no idle program for ${arch}`)
  const header = Buffer.alloc(headerSize)
  const { instructions, machine } = code
  const size = BigInt(headerSize + instructions.length)
  // elf(5): 64 bits, little endian, version 1; then type EXEC, the machine, version, entry, program headers.
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(machine, 18)
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(address + BigInt(headerSize), 24)
  header.writeBigUInt64LE(64n, 32)
  header.writeUInt16LE(64, 52)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(1, 56)
  // The one program header: PT_LOAD, readable and executable, all of the file at the address.
  header.writeUInt32LE(1, 64)
  header.writeUInt32LE(5, 68)
  header.writeBigUInt64LE(address, 80)
  header.writeBigUInt64LE(address, 88)
  header.writeBigUInt64LE(size, 96)
  header.writeBigUInt64LE(size, 104)
  header.writeBigUInt64LE(0x10000n, 112)
  return Buffer.concat([header, instructions])
}

/** An ELF header and one program header. */
const headerSize = 64 + 56

const address = 0x400000n

/** Waiting for a signal for ever, for each machine (e_machine of elf(5)). */
const machineCode: Readonly<Record<string, { readonly machine: number; readonly instructions: Buffer }>> = {
  // mov eax, 34; syscall (pause); jmp to the beginning
  x64: { machine: 62, instructions: Buffer.from('b8220000000f05ebf7', 'hex') },
  // mov x0 to x3, 0; mov x8, 73; svc 0 (ppoll); b to the beginning
  arm64: {
    machine: 183,
    instructions: Buffer.from('000080d2010080d2020080d2030080d2280980d2010000d4faffff17', 'hex'),
  },
}
