using System.IO.Pipelines;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FopWatch.Wording;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace FopWatch.Api;

/// <summary>
/// A serialised list. Its turn ends before the caller reads it, so a slow caller does not delay others.
/// </summary>
internal sealed class ListAnswer<T> : IResult, IEndpointMetadataProvider
{
    private readonly Admission _admission;
    private readonly PipeReader _written;
    private readonly long _length;
    private readonly Language? _language;

    private ListAnswer(Admission admission, PipeReader written, long length, Language? language) =>
        (_admission, _written, _length, _language) = (admission, written, length, language);

    /// <summary>Waits for a turn and makes a list.</summary>
    /// <param name="admission">Gives turns, and room for lists that are not read yet.</param>
    /// <param name="isLong">Whether it may be long.</param>
    /// <param name="makeAsync">Makes it.</param>
    /// <param name="type">Its serialisation.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="language">The language of its sentences; null if it has none.</param>
    /// <exception cref="Intake.IntakeFullException">Too many lists wait.</exception>
    public static async Task<ListAnswer<T>> MakeAsync(
        Admission admission, bool isLong, Func<CancellationToken, Task<T>> makeAsync, JsonTypeInfo<T> type, CancellationToken cancellationToken, Language? language = null)
    {
        using var turn = await admission.ListTurnAsync(isLong, cancellationToken);
        var list = await makeAsync(cancellationToken);

        // In pooled pieces, because a page is too large for one array to be cheap.
        var pipe = new Pipe(new(pauseWriterThreshold: 0, minimumSegmentSize: 32 * 1024, useSynchronizationContext: false));
        await using (var writer = new Utf8JsonWriter(pipe.Writer, new() { Encoder = type.Options.Encoder, SkipValidation = true }))
        {
            JsonSerializer.Serialize(writer, list, type);
            await writer.FlushAsync(cancellationToken);
            await pipe.Writer.CompleteAsync();
            return new ListAnswer<T>(admission, pipe.Reader, writer.BytesCommitted, language);
        }
    }

    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        try
        {
            using var room = _admission.ListRoom(_length);
            if (room is null)
            {
                await Problem.Unavailable().ExecuteAsync(httpContext);
                return;
            }

            if (_language is { } language)
                AnswerLanguage.Declare(httpContext.Response, language);
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
