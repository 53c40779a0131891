using System.Text;

namespace FopWatch.Local.CommandLine;

/// <summary>A file that a command reads; <c>-</c> is standard input.</summary>
internal static class InputFile
{
    /// <summary>The problem of a file that <see cref="TextOf"/> cannot read.</summary>
    public const string NotText = "is not text in UTF-8: save it as UTF-8";

    /// <summary>The largest request body that a host accepts, and more ids than one command registers.</summary>
    private const int MaxMebibytes = 64;

    /// <summary>Reads the whole file.</summary>
    /// <exception cref="UsageException">The file cannot be read, or is larger than 64 MiB.</exception>
    public static async Task<byte[]> ReadAsync(Terminal terminal, string file, CancellationToken cancellationToken)
    {
        await using var stream = Open(terminal, file);
        using var read = new MemoryStream();
        var buffer = new byte[64 * 1024];
        try
        {
            for (int count; (count = await ReadAsync(stream, buffer, cancellationToken)) > 0;)
            {
                read.Write(buffer, 0, count);
                if (read.Length > MaxMebibytes << 20)
                    throw new UsageException($"'{file}' is larger than {MaxMebibytes} MiB.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' cannot be read: {Reason(e)}");
        }

        return read.ToArray();
    }

    /// <summary>Reads the whole file as text.</summary>
    /// <exception cref="UsageException">The file cannot be read, is larger than 64 MiB, or is not text.</exception>
    public static async Task<string> ReadTextAsync(Terminal terminal, string file, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(terminal, file, cancellationToken);
        return TextOf(bytes) ?? throw new UsageException($"'{file}' {NotText}.");
    }

    /// <summary>Bytes as text, in the encoding of the byte order mark, or UTF-8 without one; null if they are not text.</summary>
    public static string? TextOf(byte[] bytes)
    {
        try
        {
            // With a preamble: otherwise a byte order mark makes the reader switch to an encoding that replaces invalid bytes.
            using var reader = new StreamReader(new MemoryStream(bytes), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true));
            var text = reader.ReadToEnd();

            // UTF-16 without a byte order mark.
            return text.Contains('\0', StringComparison.Ordinal) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Whether bytes begin with the byte order mark of UTF-16, as output redirected by a Windows shell can.</summary>
    public static bool IsUtf16(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Encoding.Unicode.Preamble) || bytes.StartsWith(Encoding.BigEndianUnicode.Preamble);

    /// <summary>What a path is other than a file that a command reads; null for a regular file, and for a pipe that the process was given.</summary>
    public static string? OtherThanFile(string path) =>
        FileKind.OtherThanFile(path) is { } other && !(FileKind.IsInherited(path) && !Directory.Exists(path)) ? other : null;

    private static Stream Open(Terminal terminal, string file)
    {
        if (string.IsNullOrWhiteSpace(file))
            throw new UsageException("The file name is empty.");
        if (file.Contains('\0', StringComparison.Ordinal))
            throw new UsageException($"'{file}' is not a valid file name.");
        if (file != "-" && OtherThanFile(file) is { } other)
            throw new UsageException($"'{file}' is {other}, not a regular file.{(other == "a folder" ? "" : " Give - to read standard input.")}");

        try
        {
            return file == "-" ? terminal.OpenInput() : File.OpenRead(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' cannot be read: {Reason(e)}");
        }
    }

    /// <summary>Why a file cannot be read, as a clause that follows a colon.</summary>
    public static string Reason(Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file.",
        UnauthorizedAccessException => "permission denied.",
        PathTooLongException => "the name is too long.",
        _ => "the file system reports an error.",
    };

    /// <summary>A read from a terminal or a pipe cannot be cancelled, only abandoned.</summary>
    private static Task<int> ReadAsync(Stream stream, byte[] buffer, CancellationToken cancellationToken) =>
        stream.ReadAsync(buffer, cancellationToken).AsTask().WaitAsync(cancellationToken);
}
