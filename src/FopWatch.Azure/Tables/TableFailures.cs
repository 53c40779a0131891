using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
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
        (int)HttpStatusCode.Conflict => failure.IsExistingRow(),
        (int)HttpStatusCode.NotFound => failure.IsMissingRow(),
        _ => false,
    };

    /// <summary>Whether there is such a row already.</summary>
    public static bool IsExistingRow(this RequestFailedException failure) =>
        failure.Status == (int)HttpStatusCode.Conflict && CodeOf(failure) == TableErrorCode.EntityAlreadyExists;

    /// <summary>Whether there is no such row, though the table is there.</summary>
    public static bool IsMissingRow(this RequestFailedException failure) =>
        failure.Status == (int)HttpStatusCode.NotFound && !IsMissingTable(CodeOf(failure));

    /// <summary>Whether there is no such table, which is not the same as no row.</summary>
    public static bool IsMissingTable(this RequestFailedException failure) => IsMissingTable(CodeOf(failure));

    /// <summary>The answer, unless it says that there is no such table: some calls return what is not found instead of throwing it.</summary>
    /// <exception cref="RequestFailedException">There is no such table.</exception>
    public static Response ThrowIfTableIsMissing(this Response answer)
    {
        if (answer.Status == (int)HttpStatusCode.NotFound && CodeOf(answer) is var code && IsMissingTable(code))
            throw new RequestFailedException(answer.Status, "The table does not exist.", code, null);
        return answer;
    }

    /// <summary>Whether the service refused a transaction for now. Nothing was written, or all of it was and its answer says otherwise.</summary>
    public static bool IsTransient(this TableTransactionFailedException failure) => failure.Status is 408 or 429 or >= 500;

    /// <summary>
    /// Whether the store cannot answer now: it is down, busy or out of reach, or does not let us in. What is left are faults of the
    /// one request, which would fail for ever.
    /// </summary>
    public static bool IsUnavailable(this Exception failure, CancellationToken cancellationToken) => failure switch
    {
        // Without a status no answer came.
        RequestFailedException { Status: 0 or 401 or 403 or 408 or 429 or >= 500 } => true,
        RequestFailedException refused => refused.IsMissingTable(),
        // All tries failed, each in its way.
        AggregateException tries => tries.Flatten().InnerExceptions.All(one => one.IsUnavailable(cancellationToken)),
        // The client's own time limit.
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        IOException or HttpRequestException or SocketException or TimeoutException => true,
        _ => IsAuthentication(failure.GetType()),
    };

    /// <summary>Asks the service, and tells callers whether it is unavailable.</summary>
    /// <exception cref="StoreUnavailableException">It cannot answer now.</exception>
    public static async ValueTask<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await ask(cancellationToken);
        }
        catch (Exception failure) when (failure.IsUnavailable(cancellationToken))
        {
            throw failure.ToUnavailable();
        }
    }

    /// <summary>What callers get.</summary>
    public static StoreUnavailableException ToUnavailable(this Exception failure) =>
        new($"Table Storage cannot answer now: {Reason(failure)}.", failure);

    // Thrown by whatever credential the host was given, from a package that is none of this one's business.
    private static bool IsAuthentication(Type? type) =>
        type is not null && (type.FullName == "Azure.Identity.AuthenticationFailedException" || IsAuthentication(type.BaseType));

    // In words of our own: the client's messages hold advice on its options, and the response's headers.
    private static string Reason(Exception failure) => failure switch
    {
        RequestFailedException { Status: > 0 } refused when CodeOf(refused) is { Length: > 0 } code => $"it answered {refused.Status} {code}",
        RequestFailedException { Status: > 0 } refused => $"it answered {refused.Status}",
        AggregateException tries when tries.Flatten().InnerExceptions is [.., var last] => Reason(last),
        OperationCanceledException or TimeoutException => "it did not answer in time",
        _ when IsAuthentication(failure.GetType()) => "there is no identity that it could be asked with",
        _ => "it cannot be reached",
    };

    private static bool IsMissingTable(string? code) => code == TableErrorCode.TableNotFound || code == TableErrorCode.TableBeingDeleted;

    private static string? CodeOf(RequestFailedException failure) =>
        failure.ErrorCode is { Length: > 0 } code ? code : failure.GetRawResponse() is { } answer ? CodeOf(answer) : null;

    /// <summary>
    /// The service names the error in the body, as the Table service REST API's "Status and error codes" documents; emulators also
    /// send it as a header, as the other storage services do.
    /// </summary>
    private static string? CodeOf(Response answer)
    {
        if (answer.Headers.TryGetValue("x-ms-error-code", out var header))
            return header;

        try
        {
            using var body = JsonDocument.Parse(answer.Content);
            return body.RootElement.ValueKind == JsonValueKind.Object
                && body.RootElement.TryGetProperty("odata.error", out var error)
                && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("code", out var code)
                && code.ValueKind == JsonValueKind.String
                    ? code.GetString()
                    : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // A proxy's page, or a body that was not read.
            return null;
        }
    }
}
