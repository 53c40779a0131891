using System.Net;
using System.Net.Sockets;
using Azure;
using Azure.Data.Tables.Models;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>Tells what the service's client throws apart. It has tried again already, as its own retry policy says.</summary>
internal static class TableFailures
{
    /// <summary>Whether a row is not as the request expected it: there, not there, or another version.</summary>
    public static bool IsConflict(this RequestFailedException failure) => failure.Status switch
    {
        (int)HttpStatusCode.PreconditionFailed => true,
        (int)HttpStatusCode.Conflict => failure.ErrorCode == TableErrorCode.EntityAlreadyExists,
        (int)HttpStatusCode.NotFound => failure.IsMissingRow(),
        _ => false,
    };

    /// <summary>Whether there is no such row, though the table is there.</summary>
    public static bool IsMissingRow(this RequestFailedException failure) =>
        failure.Status == (int)HttpStatusCode.NotFound && failure.ErrorCode != TableErrorCode.TableNotFound;

    /// <summary>Whether there is no such table, which is not the same as no row.</summary>
    public static bool IsMissingTable(this Response answer) =>
        answer.Status == (int)HttpStatusCode.NotFound && answer.Headers.TryGetValue("x-ms-error-code", out var code) && code == TableErrorCode.TableNotFound;

    /// <summary>
    /// Whether the store cannot answer now: it is down, busy or out of reach, or does not let us in. What is left are faults of the
    /// one request, which would fail for ever.
    /// </summary>
    public static bool IsUnavailable(this Exception failure, CancellationToken cancellationToken) => failure switch
    {
        // Without a status no answer came.
        RequestFailedException { Status: 0 or 401 or 403 or 408 or 429 or >= 500 } => true,
        RequestFailedException refused => refused.ErrorCode == TableErrorCode.TableNotFound || refused.ErrorCode == TableErrorCode.TableBeingDeleted,
        // All tries failed, each in its way.
        AggregateException tries => tries.Flatten().InnerExceptions.All(one => one.IsUnavailable(cancellationToken)),
        // The client's own time limit.
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        IOException or HttpRequestException or SocketException or TimeoutException => true,
        _ => IsAuthentication(failure.GetType()),
    };

    /// <summary>What callers get.</summary>
    public static StoreUnavailableException ToUnavailable(this Exception failure) =>
        new($"Table Storage cannot answer now: {Reason(failure)}.", failure);

    // Thrown by whatever credential the host was given, from a package that is none of this one's business.
    private static bool IsAuthentication(Type? type) =>
        type is not null && (type.FullName == "Azure.Identity.AuthenticationFailedException" || IsAuthentication(type.BaseType));

    // In words of our own: the client's messages hold advice on its options, and the response's headers.
    private static string Reason(Exception failure) => failure switch
    {
        RequestFailedException { Status: > 0, ErrorCode: { Length: > 0 } code } refused => $"it answered {refused.Status} {code}",
        RequestFailedException { Status: > 0 } refused => $"it answered {refused.Status}",
        AggregateException tries when tries.Flatten().InnerExceptions is [.., var last] => Reason(last),
        OperationCanceledException or TimeoutException => "it did not answer in time",
        _ when IsAuthentication(failure.GetType()) => "there is no identity that it could be asked with",
        _ => "it cannot be reached",
    };
}
