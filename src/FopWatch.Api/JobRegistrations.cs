using System.Text;
using System.Text.Json;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Wording;

namespace FopWatch.Api;

/// <summary>The registration of one job.</summary>
internal sealed record JobRegistration(Source Source, string Id, IReadOnlyDictionary<string, string> Metadata, TimeSpan? FirstPollAfter);

/// <summary>Reads and checks the body of <c>POST /api/jobs</c>: one registration, or an array of them. One invalid registration rejects all.</summary>
internal sealed class JobRegistrations
{
    public const int MaxAtOnce = 1000;
    public const int MaxMetadataBytes = Job.MaxMetadataBytes;

    /// <summary>The maximum of problems in the answer. A body of 4 MiB can have a million, and the answer would be larger than the body.</summary>
    public const int MaxProblems = 100;

    private static readonly Sentence Shape = $$"""expected {"source", "id", "metadata"?, "firstPollAfter"?} or an array of up to 1000 of those""";
    private static readonly TimeSpan MaxFirstPollAfter = TimeSpan.FromDays(9);

    private readonly List<JobRegistration> _registrations = [];
    private readonly List<ProblemElement> _problems = [];
    private readonly Sources _sources;

    private JobRegistrations(Sources sources) => _sources = sources;

    /// <summary>Whether the body was an array.</summary>
    public bool Many { get; private set; }

    public IReadOnlyList<JobRegistration> Registrations => _registrations;

    /// <summary>The problems; empty if there are none.</summary>
    public IReadOnlyList<ProblemElement> Problems => _problems;

    public static JobRegistrations Read(ReadOnlyMemory<byte> body, Sources sources)
    {
        var read = new JobRegistrations(sources);
        try
        {
            using var document = JsonDocument.Parse(ByteOrderMark.Skip(body));
            read.ReadRoot(document.RootElement);
        }
        catch (JsonException e)
        {
            read.Add(new("", $"The body cannot be read as JSON{Place(e)}: {Shape}."));
        }
        catch (Exception e) when (e is InvalidOperationException or DecoderFallbackException)
        {
            read.Add(new("", $"A name or a string in the body is not valid Unicode: {Shape}."));
        }

        return read;
    }

    private void ReadRoot(JsonElement root)
    {
        switch (root.ValueKind)
        {
            case JsonValueKind.Object:
                ReadOne(root, "");
                break;
            case JsonValueKind.Array when root.GetArrayLength() is > 0 and <= MaxAtOnce:
                Many = true;
                foreach (var (index, element) in root.EnumerateArray().Index())
                    ReadOne(element, $"/{index}");
                break;
            case JsonValueKind.Array:
                Add(new("", $"The array has {root.GetArrayLength()} elements; 1 to {MaxAtOnce} are allowed."));
                break;
            default:
                Add(new("", $"The body is {Kind(root)}: {Shape}."));
                break;
        }
    }

    private void ReadOne(JsonElement element, string at)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Add(new(at, $"This is {Kind(element)}; an object is expected."));
            return;
        }

        var before = _problems.Count;
        var source = _sources.Find(Text(element, "source"));
        if (source is null)
        {
            Wrong(at, "source", IsMissing(element, "source") ? (Sentence)$"is missing"
                : Text(element, "source") is not { } given ? (Sentence)$"is not a string"
                : (Sentence)$"is {UnknownSource.Quoted(given)}, which is not the name of a configured source{UnknownSource.Others(_sources)}");
        }

        var id = Text(element, "id");
        if (!JobKey.IsValidId(id))
            Wrong(at, "id", IsMissing(element, "id") ? (Sentence)$"is missing" : (Sentence)$"is not {Sentence.Verbatim(JobKey.IdRule)}");
        var metadata = ReadMetadata(element, at);
        var firstPollAfter = ReadFirstPollAfter(element, at);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (!names.Add(property.Name))
                Wrong(at, property.Name, $"is given more than once");
            else if (property.Name is not ("source" or "id" or "metadata" or "firstPollAfter"))
                Wrong(at, property.Name, $"is unknown; the known names are source, id, metadata and firstPollAfter");
        }

        if (_problems.Count == before)
            _registrations.Add(new(source!, id!, metadata, firstPollAfter));
    }

    private static bool IsMissing(JsonElement element, string name) =>
        !element.TryGetProperty(name, out var given) || given.ValueKind == JsonValueKind.Null;

    private Dictionary<string, string> ReadMetadata(JsonElement element, string at)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!element.TryGetProperty("metadata", out var given) || given.ValueKind == JsonValueKind.Null)
            return metadata;
        if (given.ValueKind != JsonValueKind.Object)
        {
            Wrong(at, "metadata", $"is not an object of strings");
            return metadata;
        }

        var bytes = 0;
        foreach (var entry in given.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String)
            {
                Wrong($"{at}/metadata", entry.Name, $"is not a string");
                continue;
            }

            var value = entry.Value.GetString()!;
            bytes += Encoding.UTF8.GetByteCount(entry.Name) + Encoding.UTF8.GetByteCount(value);
            if (!metadata.TryAdd(entry.Name, value))
                Wrong($"{at}/metadata", entry.Name, $"is given more than once");
        }

        if (bytes > MaxMetadataBytes)
            Wrong(at, "metadata", $"has {bytes} bytes of names and values; at most {MaxMetadataBytes} are allowed");
        return metadata;
    }

    private TimeSpan? ReadFirstPollAfter(JsonElement element, string at)
    {
        if (!element.TryGetProperty("firstPollAfter", out var given) || given.ValueKind == JsonValueKind.Null)
            return null;

        TimeSpan? after = given.ValueKind switch
        {
            JsonValueKind.Number when given.TryGetDouble(out var seconds) && seconds >= 0 && seconds <= MaxFirstPollAfter.TotalSeconds =>
                TimeSpan.FromSeconds(seconds),
            JsonValueKind.String when WrittenTime.TryParse(given.GetString()!, TimeSpan.Zero, MaxFirstPollAfter, out var span) => span,
            _ => null,
        };
        if (after is null)
            Wrong(at, "firstPollAfter", $"is neither a number of seconds nor {WrittenTime.Expected(TimeSpan.Zero, MaxFirstPollAfter)}");
        return after;
    }

    private void Add(ProblemElement problem)
    {
        if (_problems.Count < MaxProblems)
            _problems.Add(problem);
    }

    private void Wrong(string at, string name, Sentence problem)
    {
        name = Short(name);
        var escaped = name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
        Add(new($"{at}/{escaped}", $"'{name}' {problem}."));
    }

    /// <summary>The position at which the reader stopped. The message of the exception is the framework's.</summary>
    private static Sentence Place(JsonException e) => e is { LineNumber: { } line, BytePositionInLine: { } position }
        ? (Sentence)$" (line {line + 1}, byte {position + 1})"
        : (Sentence)$"";

    private static Sentence Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => $"an object",
        JsonValueKind.Array => $"an array",
        JsonValueKind.String => $"a string",
        JsonValueKind.Number => $"a number",
        JsonValueKind.True or JsonValueKind.False => $"a boolean",
        _ => $"null",
    };

    private static string Short(string name) => TextCut.Of(name, 65);

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
