using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>Classifies exceptions of the service's client, which has already retried by its own policy.</summary>
internal static class TableFailures
{
    /// <summary>Whether a row exists, is missing or has another version, contrary to the request's condition.</summary>
    public static bool IsConflict(this RequestFailedException failure) => failure.Status switch
    {
        (int)HttpStatusCode.PreconditionFailed => true,
        (int)HttpStatusCode.Conflict => failure.IsExistingRow(),
        (int)HttpStatusCode.NotFound => failure.IsMissingRow(),
        _ => false,
    };

    /// <summary>Whether the row already exists.</summary>
    public static bool IsExistingRow(this RequestFailedException failure) =>
        failure.Status == (int)HttpStatusCode.Conflict && CodeOf(failure) == TableErrorCode.EntityAlreadyExists;

    /// <summary>Whether the row is missing, while the table exists.</summary>
    public static bool IsMissingRow(this RequestFailedException failure) =>
        failure.Status == (int)HttpStatusCode.NotFound && !IsMissingTable(CodeOf(failure));

    /// <summary>Whether the table is missing.</summary>
    public static bool IsMissingTable(this RequestFailedException failure) => IsMissingTable(CodeOf(failure));

    /// <summary>Throws if the answer says that the table is missing. Some calls return a 404 instead of throwing it.</summary>
    /// <exception cref="RequestFailedException">The table is missing.</exception>
    public static Response ThrowIfTableIsMissing(this Response answer)
    {
        if (answer.Status == (int)HttpStatusCode.NotFound && CodeOf(answer) is var code && IsMissingTable(code))
            throw new RequestFailedException(answer.Status, "The table does not exist.", code, null);
        return answer;
    }

    /// <summary>Whether the service refused a transaction temporarily. It wrote nothing, or all of it in spite of its answer.</summary>
    public static bool IsTransient(this TableTransactionFailedException failure) => failure.Status is 408 or 429 or >= 500;

    /// <summary>
    /// Whether the store cannot answer now: it is down, busy or unreachable, or denies access. Other exceptions are errors of the request, which would always
    /// fail.
    /// </summary>
    public static bool IsUnavailable(this Exception failure, CancellationToken cancellationToken) => failure switch
    {
        // A status of 0 means that no answer arrived.
        RequestFailedException { Status: 0 or 401 or 403 or 408 or 429 or >= 500 } => true,
        RequestFailedException refused => refused.IsMissingTable(),
        // All attempts failed, with different exceptions.
        AggregateException tries => tries.Flatten().InnerExceptions.All(one => one.IsUnavailable(cancellationToken)),
        // The client's own time limit.
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        IOException or HttpRequestException or SocketException or TimeoutException => true,
        _ => IsAuthentication(failure.GetType()),
    };

    /// <summary>Calls the service, and converts exceptions if it is unavailable.</summary>
    /// <exception cref="StoreUnavailableException">The service cannot answer now.</exception>
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

    /// <summary>The exception for callers.</summary>
    public static StoreUnavailableException ToUnavailable(this Exception failure) =>
        new($"Table Storage cannot answer now: {Reason(failure)}.", failure);

    // Thrown by the host's credential, whose package this project does not reference.
    private static bool IsAuthentication(Type? type) =>
        type is not null && (type.FullName == "Azure.Identity.AuthenticationFailedException" || IsAuthentication(type.BaseType));

    // Not the client's messages: they contain advice on its options, and the headers of the response.
    private static string Reason(Exception failure) => failure switch
    {
        RequestFailedException { Status: > 0 } refused when CodeOf(refused) is { Length: > 0 } code => $"it answered {refused.Status} {code}",
        RequestFailedException { Status: > 0 } refused => $"it answered {refused.Status}",
        AggregateException tries when tries.Flatten().InnerExceptions is [.., var last] => Reason(last),
        OperationCanceledException or TimeoutException => "it did not answer in time",
        _ when IsAuthentication(failure.GetType()) => "there is no identity to access it with",
        _ => "it cannot be reached",
    };

    private static bool IsMissingTable(string? code) => code == TableErrorCode.TableNotFound || code == TableErrorCode.TableBeingDeleted;

    private static string? CodeOf(RequestFailedException failure) =>
        failure.ErrorCode is { Length: > 0 } code ? code : failure.GetRawResponse() is { } answer ? CodeOf(answer) : null;

    /// <summary>
    /// The service has the error code in the body, as documented under "Status and error codes" in the Table service REST API. Emulators also send it as a
    /// header, like other storage services.
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
            // A proxy's page, or an unread body.
            return null;
        }
    }
}
