using System.Runtime.InteropServices;
using System.Text;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// The standard output or error of the process. The runtime's own stream ignores a closed reader, so a command that follows events would
/// never end.
/// </summary>
internal sealed class StandardStream : Stream
{
    private const int Interrupted = 4;
    private const int TryAgain = 11;

    private readonly int _descriptor;

    private StandardStream(int descriptor) => _descriptor = descriptor;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static TextWriter Output() => OperatingSystem.IsWindows() ? Console.Out : WriterOf(1);

    public static TextWriter Error() => OperatingSystem.IsWindows() ? Console.Error : WriterOf(2);

    public override void Write(byte[] buffer, int offset, int count)
    {
        while (count > 0)
        {
            var written = NativeWrite(_descriptor, ref buffer[offset], count);
            if (written >= 0)
            {
                offset += (int)written;
                count -= (int)written;
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    break;
                case TryAgain:
                    // The pipe is non-blocking and full.
                    Thread.Sleep(10);
                    break;
                case var error:
                    throw new IOException(Marshal.GetPInvokeErrorMessage(error));
            }
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static TextWriter WriterOf(int descriptor) =>
        TextWriter.Synchronized(new StreamWriter(new StandardStream(descriptor), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint NativeWrite(int descriptor, ref byte buffer, nint count);
}
