using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;

namespace FopWatch.Local.CommandLine;

/// <summary>How an upload callback is understood.</summary>
internal sealed record UploadInterpretation
{
    /// <summary>The provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>Why it could not be understood; null if it was.</summary>
    public string? Problem { get; init; }

    /// <summary>The id of the job; null if the upload asked for no processing.</summary>
    public string? Id { get; init; }

    /// <summary>The metadata that the job would get from the callback.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>Whether the variables exceed the limit of metadata and would be left out.</summary>
    public bool LeavesOutVariables { get; init; }

    /// <summary>The answer to the uploader.</summary>
    public required JsonElement Answer { get; init; }

    /// <summary>Why the host would answer 404 to the URL; null if it would not, or no URL was given.</summary>
    public string? UrlProblem { get; init; }

    /// <summary>Why the source's <c>Buckets</c> exclude the callback; null if they do not, or no source was given.</summary>
    public string? OutOfScope { get; init; }

    /// <summary>How far the callback can be trusted; null if that was not checked.</summary>
    public Trust? Trust { get; init; }

    /// <summary>Why the signature is invalid; null if it is valid.</summary>
    public SignatureDiagnosis? Signature { get; init; }

    /// <summary><see cref="Signature"/> in words.</summary>
    public string? Why => Signature?.ToWords();

    /// <summary>How the host would handle the callback; null if the trust was not checked.</summary>
    public UploadResult? Becomes { get; init; }

    /// <summary>Whether the host would accept it: it registers a job, is a hint, or asks for nothing.</summary>
    [JsonIgnore]
    public bool IsTaken => this is { Problem: null, UrlProblem: null, OutOfScope: null, Becomes: not UploadResult.Quarantined };

    /// <summary>Interprets a callback.</summary>
    /// <param name="provider">The provider that sent it.</param>
    /// <param name="callbacks">The decoder of callbacks.</param>
    /// <param name="body">The body.</param>
    /// <param name="source">The source whose settings apply; null for the defaults.</param>
    /// <param name="request">The request; null to skip the check of trust.</param>
    public static UploadInterpretation Of(IProvider provider, IUploadCallbacks callbacks, ReadOnlyMemory<byte> body, Source? source, SignedRequest? request)
    {
        var assessed = source is null ? null : UploadIntake.Assess(source, callbacks, request ?? new() { Url = new("http://localhost/"), Body = body });
        var upload = assessed?.Upload ?? callbacks.Decode(body, Source.DefaultUploadIdField);
        var choices = upload.MetadataChoices();
        var metadata = choices.First(choice => Job.BytesOf(choice) <= Job.MaxMetadataBytes);
        var isAsked = assessed is not null && request is not null;
        return new()
        {
            Provider = provider.Kind,
            Problem = upload.Problem,
            Id = upload.Id,
            Metadata = new SortedDictionary<string, string>(metadata.ToDictionary(), StringComparer.Ordinal),
            LeavesOutVariables = upload.Variables is null || metadata != choices[0],
            Answer = Parse(upload.Answer),
            UrlProblem = isAsked ? BodyInterpretation.ProblemOf(request!.Url, source!, "uploads") : null,
            OutOfScope = assessed?.Foreign?.ToWords(source!.Name),
            Trust = isAsked ? assessed!.Trust : null,
            Signature = isAsked && assessed!.Trust == Providers.Trust.Invalid ? provider.Diagnose(request!, source!, new()) : null,
            Becomes = isAsked ? BecomesOf(assessed!) : null,
        };
    }

    public void Write(Terminal terminal)
    {
        terminal.WriteLine(
            new(WireNames.Of(Provider), Terminal.Bold), Problem is null ? ": understood as an upload callback" : ": not understood as an upload callback");
        var facts = new FactList();
        if (Problem is not null)
            facts.Add("problem", new(Problem, Terminal.Wrong));
        else if (Id is null)
            facts.Add("id", "none: the upload asked for no processing");
        else
            facts.Add("id", new(Id, Terminal.Bold));
        foreach (var (name, value) in Metadata)
            facts.Add("metadata", $"{name}={TextCut.Of(value, 200)}");
        if (LeavesOutVariables)
            facts.Add("left out", new($"{(Metadata.Count == 0 ? "all" : "the variables")}: a job can have at most {Job.MaxMetadataBytes} bytes of metadata", Terminal.Wrong));
        facts.Add("answered", TextCut.Of(Answer.GetRawText(), 400));
        if (OutOfScope is { } outOfScope)
            facts.Add("scope", new(outOfScope, Terminal.Wrong));
        if (Trust is { } trust)
        {
            facts.Add("trust", DecodeCommand.TrustPiece(trust));
            foreach (var (name, value) in DecodeCommand.InWords(Signature))
                facts.Add(name, value);
        }

        facts.Add("so", Consequence());
        facts.Write(terminal);
    }

    private Piece Consequence() => (UrlProblem, Becomes) switch
    {
        ({ } problem, _) => new Piece($"answered 404, no effect: {problem}", Terminal.Wrong),
        (_, UploadResult.NothingAsked) => "nothing is registered; answered 200",
        (_, UploadResult.Registered) when Trust == Providers.Trust.Strong => "its job is registered with this metadata",
        (_, UploadResult.Registered) => "its job is registered with this metadata, and polled at once because only a token vouches for it",
        (_, UploadResult.Hinted) => "hint only: FopWatch polls the status API about the id at once, and the job gets none of this metadata",
        (_, UploadResult.Quarantined) => "quarantined",
        _ when Problem is not null || OutOfScope is not null => "quarantined",
        _ when Id is null => "nothing is registered",
        _ => "its job is registered with this metadata if it is trusted; give --source, --url and --authorization to check",
    };

    private static JsonElement Parse(ReadOnlyMemory<byte> answer)
    {
        using var document = JsonDocument.Parse(ByteOrderMarkless(answer));
        return document.RootElement.Clone();
    }

    private static ReadOnlyMemory<byte> ByteOrderMarkless(ReadOnlyMemory<byte> json) =>
        json.Span.StartsWith(Encoding.UTF8.Preamble) ? json[Encoding.UTF8.Preamble.Length..] : json;

    private static UploadResult BecomesOf(AssessedUpload assessed) =>
        assessed.Problem is not null ? UploadResult.Quarantined
        : assessed.Upload.Id is null ? UploadResult.NothingAsked
        : AssessedNotification.IsBelieved(assessed.Source, assessed.Trust) ? UploadResult.Registered
        : UploadResult.Hinted;
}
