using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Api;

/// <summary>
/// A list that was made in its turn and is written down already. The turn is over by the time that the caller reads it, so a slow caller keeps no
/// other waiting.
/// </summary>
internal sealed class ListAnswer : IResult
{
    private readonly PipeReader _written;
    private readonly long _length;

    private ListAnswer(PipeReader written, long length) => (_written, _length) = (written, length);

    /// <summary>Makes a list when it is its turn.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isLong">Whether it may be long.</param>
    /// <param name="makeAsync">Makes it.</param>
    /// <param name="type">How it is written down.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="Intake.IntakeFullException">Too many lists wait already.</exception>
    public static async Task<IResult> MakeAsync<T>(
        HttpRequest request, bool isLong, Func<CancellationToken, Task<T>> makeAsync, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var limits = request.HttpContext.RequestServices.GetService<RequestLimits>();
        using var turn = limits is null ? null : await limits.ListTurnAsync(isLong, cancellationToken);
        var list = await makeAsync(cancellationToken);

        // In pooled pieces: a page is large enough to be costly as one array.
        var pipe = new Pipe(new(pauseWriterThreshold: 0, minimumSegmentSize: 32 * 1024, useSynchronizationContext: false));
        await using (var writer = new Utf8JsonWriter(pipe.Writer, new() { Encoder = type.Options.Encoder, SkipValidation = true }))
        {
            JsonSerializer.Serialize(writer, list, type);
            await writer.FlushAsync(cancellationToken);
            await pipe.Writer.CompleteAsync();
            return new ListAnswer(pipe.Reader, writer.BytesCommitted);
        }
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        try
        {
            var limits = httpContext.RequestServices.GetService<RequestLimits>();
            using var room = limits?.ListRoom(_length);
            if (limits is not null && room is null)
            {
                await Problem.Unavailable().ExecuteAsync(httpContext);
                return;
            }

            httpContext.Response.ContentType = "application/json; charset=utf-8";
            httpContext.Response.ContentLength = _length;
            await _written.CopyToAsync(httpContext.Response.Body, httpContext.RequestAborted);
        }
        finally
        {
            await _written.CompleteAsync();
        }
    }
}
