namespace FopWatch.Local.CommandLine;

/// <summary>A file that a command reads; <c>-</c> is the standard input.</summary>
internal static class InputFile
{
    /// <summary>Opens it.</summary>
    /// <exception cref="UsageException">It cannot be opened.</exception>
    public static Stream Open(Terminal terminal, string file)
    {
        try
        {
            return file == "-" ? terminal.OpenInput() : File.OpenRead(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"'{file}' cannot be read: {e.Message}");
        }
    }

    /// <summary>Reads all of it.</summary>
    /// <exception cref="UsageException">It cannot be read, or is larger than a limit in bytes.</exception>
    public static async Task<byte[]> ReadAsync(Terminal terminal, string file, int limit, CancellationToken cancellationToken)
    {
        await using var stream = Open(terminal, file);
        using var read = new MemoryStream();
        var buffer = new byte[64 * 1024];
        try
        {
            for (int count; (count = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                read.Write(buffer, 0, count);
                if (read.Length > limit)
                    throw new UsageException($"'{file}' is larger than {limit} bytes, which no notification is.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{file}' cannot be read: {e.Message}");
        }

        return read.ToArray();
    }
}
