using System.Reflection;
using System.Text.Json.Serialization.Metadata;
using FopWatch.Wording;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace FopWatch.Api;

/// <summary>An answer 200 whose sentences are worded in a language.</summary>
/// <param name="Value">The answer.</param>
/// <param name="Language">The language.</param>
public sealed record Worded<T>(T Value, Language Language) : IResult, IEndpointMetadataProvider, IStatusCodeHttpResult, IValueHttpResult<T>
{
    /// <inheritdoc/>
    public int? StatusCode => StatusCodes.Status200OK;

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        AnswerLanguage.Declare(httpContext.Response, Language);
        return Results.Json(Value, (JsonTypeInfo<T>)ApiJson.In(Language).GetTypeInfo(typeof(T))!).ExecuteAsync(httpContext);
    }

    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
}
