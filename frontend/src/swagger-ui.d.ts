declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface Options {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    /** Who is asked whether the description is valid; null for nobody. */
    validatorUrl: string | null;
  }
  export default function SwaggerUI(options: Options): unknown;
}
