using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace FopWatch.Api;

/// <summary>A <see cref="FopWatch.Api.Problem"/> as an answer. The status is a type parameter, so that a handler's signature lists its statuses.</summary>
/// <typeparam name="TStatus">The status.</typeparam>
/// <param name="Problem">The problem.</param>
public sealed record ProblemResult<TStatus>(Problem Problem) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
    where TStatus : IProblemStatus
{
    /// <summary>A header of the answer; null for none.</summary>
    public KeyValuePair<string, string>? Header { get; init; }

    /// <inheritdoc/>
    public int? StatusCode => TStatus.Code;

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        if (Header is { } header)
            httpContext.Response.Headers[header.Key] = header.Value;
        var language = AnswerLanguage.Of(httpContext.Request);
        AnswerLanguage.Declare(httpContext.Response, language);
        return Results.Json(Problem, ApiJson.In(language).Problem, Problem.ContentType, TStatus.Code).ExecuteAsync(httpContext);
    }

    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(TStatus.Code, typeof(Problem), [Problem.ContentType]));
}

/// <summary>The status of problems.</summary>
public interface IProblemStatus
{
    /// <summary>The HTTP status.</summary>
    static abstract int Code { get; }
}

/// <summary>400. The body or a parameter is invalid.</summary>
public sealed class InvalidRequest : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status400BadRequest;
}

/// <summary>401. The API key is missing or wrong.</summary>
public sealed class Unauthorized : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status401Unauthorized;
}

/// <summary>403. The key lacks the right that the route needs.</summary>
public sealed class Forbidden : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status403Forbidden;
}

/// <summary>404. There is no such job, notification or route.</summary>
public sealed class NotFound : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status404NotFound;
}

/// <summary>405. The route has no such method.</summary>
public sealed class MethodNotAllowed : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status405MethodNotAllowed;
}

/// <summary>409. The job has no outcome to publish.</summary>
public sealed class NothingToPublish : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status409Conflict;
}

/// <summary>409. The count differs from the one that a bulk request confirms.</summary>
public sealed class CountDiffers : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status409Conflict;
}

/// <summary>409. An examination is running.</summary>
public sealed class ExaminationRuns : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status409Conflict;
}

/// <summary>413. The body is too large.</summary>
public sealed class TooLarge : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status413PayloadTooLarge;
}

/// <summary>421. The route accepts only local requests.</summary>
public sealed class NotLocal : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status421MisdirectedRequest;
}

/// <summary>500. A bug in FopWatch, or unreadable stored data.</summary>
public sealed class InternalError : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status500InternalServerError;
}

/// <summary>503. Temporarily unavailable.</summary>
public sealed class Unavailable : IProblemStatus
{
    static int IProblemStatus.Code => StatusCodes.Status503ServiceUnavailable;
}
