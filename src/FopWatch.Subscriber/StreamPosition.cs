using System.Text;
using System.Text.RegularExpressions;

namespace FopWatch.Subscriber;

/// <summary>The position of a subscriber in the stream, and the events that it set aside, in two files beside each other.</summary>
/// <param name="file">The file with the position. Events that are set aside go to a file of the same name with <c>.dead</c> appended.</param>
internal sealed partial class StreamPosition(string file)
{
    /// <summary>The file with the events that were set aside, one per line.</summary>
    public string DeadLetters => file + ".dead";

    /// <summary>
    /// Whether a text is a position: a number in the host's log, and the epoch of the log, which earlier versions of the host do not send.
    /// </summary>
    public static bool IsOne(string text) => Position().IsMatch(text);

    /// <summary>The id of the last processed event; 0, the beginning of the log, if there is none yet.</summary>
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

    /// <summary>Writes the position atomically: a crash of the process or the machine leaves the old one.</summary>
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

    /// <summary>Sets an event aside.</summary>
    public async Task PutAsideAsync(string data, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(DeadLetters, FileMode.Append, FileAccess.Write);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(data.ReplaceLineEndings(" ") + "\n"), cancellationToken);
        stream.Flush(flushToDisk: true);
    }

    [GeneratedRegex("^[0-9]{1,19}(-[0-9a-f]{1,32})?\\z")]
    private static partial Regex Position();
}
