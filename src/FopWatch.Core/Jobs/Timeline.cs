using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FopWatch.Jobs;

/// <summary>
/// The history of a job, in the order of recording. It is written with each change of the job and is never the reason for one. So an input that changes nothing
/// is missing, for example a repeated notification of a settled job. <see cref="Chronicle"/> decides which entries a change adds.
/// </summary>
/// <remarks>
/// <para>
/// It keeps the first <see cref="MostFirst"/> and the last <see cref="MostLast"/> entries, in at most <see cref="MostBytes"/> bytes. Consecutive equal entries
/// count as one. <see cref="Omitted"/> counts the rest. A job that was registered, notified and settled takes about 40 bytes.
/// </para>
/// <para>
/// The timeline of a job that an earlier version stored begins with the next change. An earlier version that changes a job drops the timeline. If a job is too
/// large, the timeline is left out before any facts.
/// </para>
/// </remarks>
public readonly record struct Timeline
{
    /// <summary>How many of the first entries are kept.</summary>
    public const int MostFirst = 8;

    /// <summary>How many of the last entries are kept.</summary>
    public const int MostLast = 56;

    /// <summary>The most bytes of a stored timeline.</summary>
    public const int MostBytes = 8 * 1024;

    // Separates entries; no entry contains it. The number of omitted entries, with OmittedMark, takes their place.
    private const char Separator = '|';
    private const char OmittedMark = '+';

    private readonly string? _text;

    internal Timeline(string? text) => _text = string.IsNullOrEmpty(text) ? null : text;

    /// <summary>How many occurrences are left out after the first entries.</summary>
    [JsonIgnore]
    public int Omitted
    {
        get
        {
            foreach (var part in Text.AsSpan().Split(Separator))
            {
                if (Text.AsSpan(part) is [OmittedMark, .. var number])
                    return int.TryParse(number, out var omitted) ? omitted : 0;
            }

            return 0;
        }
    }

    /// <summary>The stored form: ASCII without quotes or backslashes.</summary>
    internal string Text => _text ?? "";

    /// <summary>The entries in the order of recording. Entries of later versions that this version does not know are skipped.</summary>
    /// <param name="registeredAt">The job's <see cref="Job.RegisteredAt"/>.</param>
    public IReadOnlyList<TimelineEntry> Read(DateTimeOffset registeredAt)
    {
        var entries = new List<TimelineEntry>();
        foreach (var part in Text.AsSpan().Split(Separator))
        {
            if (TimelineText.Read(Text.AsSpan(part), registeredAt) is { } entry)
                entries.Add(entry);
        }

        return entries;
    }

    /// <summary>This timeline with one more entry, or one more occurrence of the last entry.</summary>
    /// <param name="now">When it happened.</param>
    /// <param name="registeredAt">The job's <see cref="Job.RegisteredAt"/>.</param>
    /// <param name="body">The body of the entry, as <see cref="TimelineText"/> writes it.</param>
    internal Timeline With(DateTimeOffset now, DateTimeOffset registeredAt, string body)
    {
        var at = TimelineText.OffsetOf(now, registeredAt);
        if (Text.Length == 0)
            return new(TimelineText.Once(at, body));

        var start = Text.LastIndexOf(Separator) + 1;
        return TimelineText.Again(Text.AsSpan(start), at, body) is { } again
            ? new Timeline(string.Concat(Text.AsSpan(0, start), again)).Bounded()
            : new Timeline(string.Concat(Text, Separator.ToString(), TimelineText.Once(at, body))).Bounded();
    }

    /// <summary>This timeline without entries, for a store that cannot keep the job whole. <see cref="Omitted"/> counts them.</summary>
    public Timeline Cut()
    {
        if (Text.Length == 0)
            return this;
        var omitted = Omitted;
        foreach (var part in Text.AsSpan().Split(Separator))
            omitted += TimesOf(Text.AsSpan(part));
        return new(Mark(omitted));
    }

    private Timeline Bounded()
    {
        if (Text.Length <= MostBytes && Text.AsSpan().Count(Separator) < MostFirst + MostLast)
            return this;

        var (parts, omitted) = (Text.Split(Separator).ToList(), Omitted);
        var first = parts.FindIndex(part => part.StartsWith(OmittedMark));
        if (first >= 0)
            parts.RemoveAt(first);
        else
            first = Math.Min(MostFirst, parts.Count - 1);

        var (length, last) = (parts.Sum(part => part.Length + 1) + Mark(int.MaxValue).Length, first);
        for (; last < parts.Count - 1 && (parts.Count - last > MostLast || length > MostBytes); last++)
        {
            omitted += TimesOf(parts[last]);
            length -= parts[last].Length + 1;
        }

        // No version writes entries this long.
        if (length > MostBytes)
            return Cut();
        return new(string.Join(Separator, [.. parts[..first], .. omitted > 0 ? [Mark(omitted)] : Array.Empty<string>(), .. parts[last..]]));
    }

    private static int TimesOf(ReadOnlySpan<char> part) => part is [] or [OmittedMark, ..] ? 0 : TimelineText.TimesOf(part);

    private static string Mark(int omitted) => string.Create(CultureInfo.InvariantCulture, $"{OmittedMark}{omitted}");
}

/// <summary>Reads and writes timelines in documents. An invalid timeline counts as empty, so that the job stays readable.</summary>
internal sealed class TimelineConverter : JsonConverter<Timeline>
{
    public override Timeline Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return new(reader.GetString());
        reader.Skip();
        return default;
    }

    public override void Write(Utf8JsonWriter writer, Timeline value, JsonSerializerOptions options) => writer.WriteStringValue(value.Text);
}
