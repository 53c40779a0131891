using System.Text.Json.Serialization;
using FopWatch.Wording;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace FopWatch.Api;

/// <summary>One problem of a request.</summary>
/// <param name="Element">Its place: a JSON pointer into the body, or the name of a parameter or of a setting.</param>
/// <param name="Detail">The problem, and what would be right.</param>
public sealed record ProblemElement(string Element, Sentence Detail);

/// <summary>An error as RFC 9457 problem details. <see cref="Type"/> is stable: clients may rely on it.</summary>
public sealed record Problem
{
    /// <summary>The media type.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>The kind of problem, as a URN; <c>about:blank</c> if <see cref="Status"/> says it all.</summary>
    public required string Type { get; init; }

    /// <summary>The kind of problem, as text.</summary>
    public required Sentence Title { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What is wrong with this request.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Sentence? Detail { get; init; }

    /// <summary>Each problem, if there may be several.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ProblemElement>? Errors { get; init; }

    /// <summary>404.</summary>
    public static ProblemResult<NotFound> NotFound(Sentence? detail = null) => Of<NotFound>("not-found", $"Not found.", detail);

    /// <summary>400.</summary>
    public static ProblemResult<InvalidRequest> Invalid(Sentence detail, IReadOnlyList<ProblemElement>? errors = null) =>
        Of<InvalidRequest>("invalid-request", $"The request is invalid.", detail, errors);

    /// <summary>405.</summary>
    /// <param name="allowed">The methods that the route has.</param>
    public static ProblemResult<MethodNotAllowed> NotAllowed(string allowed) =>
        Of<MethodNotAllowed>("method-not-allowed", $"Method not allowed.", $"The route allows {allowed}.");

    /// <summary>413.</summary>
    public static ProblemResult<TooLarge> TooLarge(int limit) =>
        Of<TooLarge>("too-large", $"The body is too large.", $"The limit is {limit} bytes.");

    /// <summary>409.</summary>
    public static ProblemResult<NothingToPublish> NotSettled() => Of<NothingToPublish>(
        "not-settled", $"The job has no outcome yet.", $"Only a settled job's outcome can be published again.");

    /// <summary>409 for a job that only untrusted notifications have named.</summary>
    public static ProblemResult<NothingToPublish> Unconfirmed() => Of<NothingToPublish>(
        "unconfirmed",
        $"Only untrusted notifications have named the job.",
        $"Its outcome can be published once the job is registered, or named by a trusted notification or by the status API.");

    /// <summary>409 for a bulk request that confirms another count.</summary>
    /// <param name="count">The current count.</param>
    public static ProblemResult<CountDiffers> CountDiffers(Jobs.JobCount count) => Of<CountDiffers>(
        "count-differs",
        $"The count has changed.",
        $"Nothing was done.",
        [new("confirm", $"The count is now {BulkAnswer.TextOf(count)}.")]);

    /// <summary>409 while another examination runs.</summary>
    public static ProblemResult<ExaminationRuns> ExaminationRuns() => Of<ExaminationRuns>(
        "examination-runs", $"An examination is running.", $"It ends within a minute. This request examined nothing.");

    /// <summary>401, with the challenge that RFC 9110, section 11.6.1, requires.</summary>
    public static ProblemResult<Unauthorized> Unauthorized() => Of<Unauthorized>(
        "unauthorized",
        $"The API key is missing or wrong.",
        $"Send it as the header X-Api-Key, or as Authorization: Bearer.") with
    {
        Header = new("WWW-Authenticate", $"Bearer realm=\"FopWatch\""),
    };

    /// <summary>403 for a caller whose key lacks the right that the route needs.</summary>
    /// <param name="missing">The right that the route needs, and the caller's.</param>
    public static ProblemResult<Forbidden> Forbidden(Sentence missing) => Of<Forbidden>("not-allowed", $"The API key does not allow this.", missing);

    /// <summary>421.</summary>
    public static ProblemResult<NotLocal> NotLocal() => Of<NotLocal>(
        "not-local",
        $"The host has no API key, so this route accepts only local requests.",
        $"Use http://127.0.0.1 or http://localhost on the host's machine, without a proxy, or set FopWatch:ApiKey.");

    /// <summary>500.</summary>
    public static ProblemResult<InternalError> Internal() => Of<InternalError>("internal", $"Internal error.", $"See the host's log.");

    /// <summary>500. Stored data cannot be read: a row was damaged, or a newer FopWatch wrote it.</summary>
    /// <param name="detail">What cannot be read, and why.</param>
    /// <param name="errors">Each problem, if there are several.</param>
    public static ProblemResult<InternalError> Unreadable(Sentence detail, IReadOnlyList<ProblemElement>? errors = null) => Of<InternalError>(
        "unreadable",
        $"Stored data cannot be read.",
        $"{detail} Its row was damaged, or a newer FopWatch wrote it: run that version, or restore the row from a backup.",
        errors);

    /// <summary>
    /// 503. The store cannot answer, or there is no room; the caller may retry. Both causes have the same answer, so that a stranger learns nothing.
    /// </summary>
    /// <param name="reason">The reason, for a caller that may know it; null for the common answer.</param>
    public static ProblemResult<Unavailable> Unavailable(Sentence? reason = null) => NotNow(
        reason ?? $"The store cannot be reached, or the host is overloaded. The request may have been done in part. It is safe to retry.");

    /// <summary>503 of a host that has not started, for a caller that may know why.</summary>
    /// <param name="obstacles">What prevents the start.</param>
    public static ProblemResult<Unavailable> NotStarted(IReadOnlyList<ProblemElement> obstacles) => NotNow($"The host has not started.", obstacles);

    /// <summary>
    /// An error that the server found before a handler ran. A status that FopWatch's routes never answer has the type <c>about:blank</c>
    /// (RFC 9457, section 4.2.1).
    /// </summary>
    /// <param name="status">400 to 599.</param>
    public static IResult OfStatus(int status) => status switch
    {
        StatusCodes.Status400BadRequest => Invalid($"The request is not well-formed HTTP, or its body ended too soon."),
        StatusCodes.Status404NotFound => NotFound($"There is no such route. See /openapi.json."),
        _ => Results.Json(
            new Problem { Type = "about:blank", Title = Sentence.Verbatim(ReasonPhrases.GetReasonPhrase(status)), Status = status }, ApiJson.Wire.Problem, ContentType, status),
    };

    private static ProblemResult<Unavailable> NotNow(Sentence detail, IReadOnlyList<ProblemElement>? errors = null) =>
        Of<Unavailable>("unavailable", $"Temporarily unavailable.", detail, errors) with { Header = new("Retry-After", "5") };

    private static ProblemResult<TStatus> Of<TStatus>(string type, Sentence title, Sentence? detail, IReadOnlyList<ProblemElement>? errors = null)
        where TStatus : IProblemStatus =>
        new(new() { Type = $"urn:fopwatch:problem:{type}", Title = title, Status = TStatus.Code, Detail = detail, Errors = errors });
}
