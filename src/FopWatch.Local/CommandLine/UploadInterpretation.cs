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

    /// <summary>What would be kept of the callback with the job, if it registers it.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>Whether the variables are more than a job may have, and would be left out.</summary>
    public bool LeavesOutVariables { get; init; }

    /// <summary>What the uploader would be answered.</summary>
    public required JsonElement Answer { get; init; }

    /// <summary>Why the host would answer the URL 404; null if it would not, or no URL was given.</summary>
    public string? UrlProblem { get; init; }

    /// <summary>Why it is not about the source, by its <c>Buckets</c>; null if it is, or no source was given.</summary>
    public string? OutOfScope { get; init; }

    /// <summary>How far it can be believed; null if that was not asked.</summary>
    public Trust? Trust { get; init; }

    /// <summary>Why the signature is wrong; null if it is not.</summary>
    public SignatureDiagnosis? Signature { get; init; }

    /// <summary>The same in words.</summary>
    public string? Why => Signature?.ToWords();

    /// <summary>What would become of it; null if the trust was not asked for.</summary>
    public UploadResult? Becomes { get; init; }

    /// <summary>Whether the host would take it: it registers, is a hint, or asks for nothing.</summary>
    [JsonIgnore]
    public bool IsTaken => this is { Problem: null, UrlProblem: null, OutOfScope: null, Becomes: not UploadResult.Quarantined };

    /// <summary>Reads a callback.</summary>
    /// <param name="provider">Whose callback it is.</param>
    /// <param name="callbacks">How it is read.</param>
    /// <param name="body">Its body.</param>
    /// <param name="source">The source whose settings count; null for the defaults.</param>
    /// <param name="request">The callback as it came; null to leave the trust open.</param>
    public static UploadInterpretation Of(IProvider provider, IUploadCallbacks callbacks, ReadOnlyMemory<byte> body, Source? source, SignedRequest? request)
    {
        var assessed = source is null ? null : UploadIntake.Assess(source, callbacks, request ?? new() { Url = new("http://localhost/"), Body = body });
        var upload = assessed?.Upload ?? callbacks.Decode(body, Source.DefaultUploadIdField);
        var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in (upload.Variables ?? Job.NoMetadata).Concat(upload.File))
            metadata[name] = value;

        // Together they may be too much where each of them is not.
        var isTooMuch = upload.Variables is null || metadata.Sum(entry => Encoding.UTF8.GetByteCount(entry.Key) + Encoding.UTF8.GetByteCount(entry.Value)) > Job.MaxMetadataBytes;
        var isAsked = assessed is not null && request is not null;
        return new()
        {
            Provider = provider.Kind,
            Problem = upload.Problem,
            Id = upload.Id,
            Metadata = isTooMuch ? upload.File : metadata,
            LeavesOutVariables = isTooMuch,
            Answer = Parse(upload.Answer),
            UrlProblem = isAsked ? BodyInterpretation.ProblemOf(request!.Url, source!, "uploads") : null,
            OutOfScope = assessed?.Foreign?.ToWords(source!.Name),
            Trust = isAsked ? assessed!.Trust : null,
            Signature = isAsked && assessed!.Trust == Providers.Trust.Invalid ? provider.Diagnose(request!, source!, new()) : null,
            Becomes = isAsked ? BecomesOf(assessed!) : null,
        };
    }

    /// <summary>Shows it.</summary>
    public void Write(Terminal terminal)
    {
        terminal.WriteLine(
            new(WireNames.Of(Provider), Terminal.Bold), Problem is null ? ": understood as an upload callback" : ": not understood as an upload callback");
        if (Problem is not null)
            Show(terminal, "problem", new(Problem, Terminal.Wrong));
        else if (Id is null)
            Show(terminal, "id", "none: the upload asked for no processing");
        else
            Show(terminal, "id", new(Id, Terminal.Bold));
        foreach (var (name, value) in Metadata)
            Show(terminal, "metadata", $"{name}={DisplayText.Cut(value, 200)}");
        if (LeavesOutVariables)
            Show(terminal, "left out", new($"the variables: a job has at most {Job.MaxMetadataBytes} bytes of metadata", Terminal.Wrong));
        Show(terminal, "answered", DisplayText.Cut(Answer.GetRawText(), 400));
        if (OutOfScope is { } outOfScope)
            Show(terminal, "scope", new(outOfScope, Terminal.Wrong));
        if (Trust is { } trust)
        {
            Show(terminal, "trust", DecodeCommand.TrustPiece(trust));
            foreach (var (name, value) in DecodeCommand.InWords(Signature))
                Show(terminal, name, value);
        }

        Show(terminal, "so", Consequence());
    }

    private Piece Consequence() => (UrlProblem, Becomes) switch
    {
        ({ } problem, _) => new Piece($"it is answered 404 and has no effect: {problem}", Terminal.Wrong),
        (_, UploadResult.NothingAsked) => "nothing is registered, and it is answered 200",
        (_, UploadResult.Registered) when Trust == Providers.Trust.Strong => "its job is registered with this metadata",
        (_, UploadResult.Registered) => "its job is registered with this metadata, and polled at once: a token is all that vouches for it",
        (_, UploadResult.Hinted) => "it is a hint only: the status API is asked about the id now, and the job has none of this metadata",
        (_, UploadResult.Quarantined) => "it is kept in quarantine",
        _ when Problem is not null || OutOfScope is not null => "it is kept in quarantine",
        _ when Id is null => "nothing is registered",
        _ => "its job is registered with this metadata, if it is trusted; --source, --url and --authorization say whether it is",
    };

    private static void Show(Terminal terminal, string name, Piece value) => terminal.WriteText(new($"  {name,-10}", Terminal.Dim), value);

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
        : assessed.Trust == Providers.Trust.Strong || assessed.Source.Trust == TrustRule.Token ? UploadResult.Registered
        : UploadResult.Hinted;
}
