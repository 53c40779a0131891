namespace FopWatch.Local.CommandLine;

/// <summary>A file that a command reads; <c>-</c> is standard input.</summary>
internal static class InputFile
{
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

    private static Stream Open(Terminal terminal, string file)
    {
        if (string.IsNullOrWhiteSpace(file))
            throw new UsageException("The file name is empty.");
        if (file.Contains('\0', StringComparison.Ordinal))
            throw new UsageException($"'{file}' is not a valid file name.");
        if (Directory.Exists(file))
            throw new UsageException($"'{file}' is a folder, not a file.");

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
