using System.Text;

namespace FopWatch.Local.CommandLine;

/// <summary>The output of a command cannot be written.</summary>
/// <param name="why">The cause.</param>
internal sealed class OutputFailedException(Exception why) : Exception($"The output cannot be written: {why.Message.TrimEnd('.')}.", why);

/// <summary>A writer that wraps its failures, so that no command mistakes them for those of another file.</summary>
/// <param name="inner">The writer that it wraps.</param>
/// <param name="isMute">Whether failures are ignored, as on the error output, where they cannot be reported.</param>
internal sealed class GuardedWriter(TextWriter inner, bool isMute) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            if (!isMute)
                throw new OutputFailedException(e);
        }
    }
}
