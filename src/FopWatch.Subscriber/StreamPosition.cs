using System.Text;
using System.Text.RegularExpressions;

namespace FopWatch.Subscriber;

/// <summary>How far a subscriber has read the stream, and what it put aside on the way: two files beside each other.</summary>
/// <param name="file">The file of the position. What is put aside is in a file of the same name with <c>.dead</c> at its end.</param>
internal sealed partial class StreamPosition(string file)
{
    /// <summary>The file with the events that were put aside, one a line.</summary>
    public string DeadLetters => file + ".dead";

    /// <summary>Whether a text is a position: a place in the host's log and the epoch of its event; hosts before there were epochs gave none.</summary>
    public static bool IsOne(string text) => Position().IsMatch(text);

    /// <summary>The id of the last event that is done with; 0, the beginning of the log, if there is none yet.</summary>
    /// <exception cref="FormatException">The file holds something else.</exception>
    public async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
            return "0";

        var text = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
        return IsOne(text)
            ? text
            : throw new FormatException($"'{file}' does not hold a position. Delete it to read the stream from the beginning.");
    }

    /// <summary>Writes the position: whole or, if the process or the machine ends in between, not at all.</summary>
    public async Task WriteAsync(string id, CancellationToken cancellationToken)
    {
        var next = file + ".next";
        await using (var stream = new FileStream(next, FileMode.Create, FileAccess.Write))
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(id), cancellationToken);
            stream.Flush(flushToDisk: true);
        }

        File.Move(next, file, overwrite: true);
    }

    /// <summary>Puts an event aside.</summary>
    public async Task PutAsideAsync(string data, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(DeadLetters, FileMode.Append, FileAccess.Write);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(data.ReplaceLineEndings(" ") + "\n"), cancellationToken);
        stream.Flush(flushToDisk: true);
    }

    [GeneratedRegex("^[0-9]{1,19}(-[0-9a-f]{1,32})?\\z")]
    private static partial Regex Position();
}
