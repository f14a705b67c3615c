import { UseGuards } from '@nestjs/common';
import {
  Args,
  Field,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import {
  AccessToken,
  type AccessTokenClaims,
  type AuthenticatedUser,
  AuthStrategies,
  CurrentUser,
  Jwt,
  OptionalAuth,
  Public,
  Roles,
  RolesGuard,
  Session,
  WristbandAuthGuard,
} from '../../lib/index.js';
import type { CounterSession } from './counter.controller.js';

@ObjectType()
export class Company {
  @Field(() => String)
  name = 'Acme';
}

/** Everything that a resolver can ask of this library. */
@Resolver(() => Company)
@UseGuards(WristbandAuthGuard, RolesGuard)
@AuthStrategies('SESSION', 'JWT')
export class CompanyResolver {
  @Query(() => Company)
  @Public()
  company(): Company {
    return new Company();
  }

  /** Guarded like its class, but only where `fieldResolverEnhancers` says so. */
  @ResolveField(() => String, { nullable: true })
  secret(@Parent() { name }: Company, @CurrentUser('userId') userId: string): string {
    return `${name} trusts ${userId}`;
  }

  @Query(() => String, { nullable: true })
  me(@CurrentUser() user: AuthenticatedUser, @AccessToken() accessToken: string): string {
    return JSON.stringify({ ...user, isSameToken: user.accessToken === accessToken });
  }

  @Query(() => String, { nullable: true })
  @OptionalAuth()
  visitor(@CurrentUser('userId') userId: string | undefined): string {
    return userId ?? 'a visitor';
  }

  @Query(() => String, { nullable: true })
  @Roles(['app:billing:admin'])
  bills(): string {
    return 'many';
  }

  @Query(() => String, { nullable: true })
  @AuthStrategies('JWT')
  token(@Jwt() claims: AccessTokenClaims, @Jwt('sub') subject: string): string {
    return `${claims.sub === subject} ${subject}`;
  }

  @Mutation(() => Int, { nullable: true })
  count(@Session() session: Session<CounterSession>): number {
    session.count = session.get('count', 0) + 1;
    return session.count;
  }

  @Mutation(() => Int, { nullable: true })
  fill(@Session() session: Session<CounterSession>, @Args('bytes', { type: () => Int }) bytes: number) {
    session.blob = 'x'.repeat(bytes);
    return bytes;
  }

  @Subscription(() => String, { resolve: (value: string) => value })
  async *greetings(@CurrentUser('userId') userId: string, @Session('tenantName') tenantName: string) {
    yield `Hello ${userId} of ${tenantName}`;
  }

  @Subscription(() => String, { resolve: (value: string) => value })
  async *changes(@Session() session: Session<CounterSession>) {
    session.count = 1;
    yield 'changed';
  }

  @Subscription(() => String, { resolve: (value: string) => value })
  @AuthStrategies('JWT')
  async *tokens(@Jwt('sub') subject: string) {
    yield subject;
  }
}
